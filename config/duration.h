// Times as an operator writes them, in Go's form. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "absl/time/time.h"

namespace podnamed::config {

// "5s", "1m30s", "500ms", "0": at least zero, at most `max`; std::nullopt otherwise.
inline std::optional<absl::Duration> ParseDuration(std::string_view text, absl::Duration max) {
  absl::Duration duration;
  if (!absl::ParseDuration({text.data(), text.size()}, &duration)) return std::nullopt;
  if (duration < absl::ZeroDuration() || duration > max) return std::nullopt;
  return duration;
}

}  // namespace podnamed::config
