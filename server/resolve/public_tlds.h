// The top-level domains of the Internet (public_tlds.txt says of which day). Pure.
#pragma once

#include <string_view>

namespace podnamed::resolve {

// True if `label` (lower case) is one: names below it are other people's.
bool IsPublicTld(std::string_view label);

}  // namespace podnamed::resolve
