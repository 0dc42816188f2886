// What these programs call themselves. The number is CMakeLists.txt's.
#pragma once

#include <string_view>

namespace podnamed::base {

inline constexpr std::string_view kVersion = PODNAMED_VERSION;

}  // namespace podnamed::base
