// Small readings of text for this room. Pure.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace podnamed::kube {

// Without white space at its ends.
inline std::string_view Stripped(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const size_t start = text.find_first_not_of(kSpace);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kSpace) + 1 - start);
}

// A decimal number and nothing else; false if `text` is none, or larger than 64 bits hold.
inline bool ParseNumber(std::string_view text, uint64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace podnamed::kube
