// Whole numbers as an operator writes them. Pure; any thread.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace podnamed::config {

// Decimal digits and nothing else, at most `max`; std::nullopt otherwise.
inline std::optional<uint32_t> ParseNumber(std::string_view text, uint32_t max) {
  uint32_t number;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > max) return std::nullopt;
  return number;
}

}  // namespace podnamed::config
