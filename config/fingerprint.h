// Which configuration is this? A number that is another one for every other content. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace podnamed::config {

// SHA-512 of the configuration as it was understood (effective_text.h), in hexadecimal: what imports and variables hold
// counts; white space, comments and the order of plugins do not.
std::string FingerprintOf(std::string_view effective_text);

}  // namespace podnamed::config
