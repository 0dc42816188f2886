// "reload DURATION" of the directives that follow files.
#pragma once

#include <optional>

#include "absl/time/time.h"
#include "config/duration.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// At most a day; "0" for never.
inline void ReadReloadInterval(const Directive& line, absl::Duration& interval, const Context& context) {
  const Token* argument = OnlyArgument(line, "reload DURATION", context.errors);
  if (argument == nullptr) return;
  const std::optional<absl::Duration> duration = ParseDuration(argument->text, absl::Hours(24));
  if (duration) {
    interval = *duration;
  } else {
    context.errors.Add(argument->position, "reload is {}; expected a duration such as \"5s\", at most 24h; 0 for never",
                       Quoted(argument->text));
  }
}

}  // namespace podnamed::config
