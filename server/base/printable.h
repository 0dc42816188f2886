// Text from outside, for people.
#pragma once

#include <string>
#include <string_view>

namespace podnamed::base {

// The text fit for a terminal and for a field of protobuf: each octet that is of no UTF-8 character, or of one that a
// terminal obeys, has become a question mark.
std::string Printable(std::string_view text);

}  // namespace podnamed::base
