// The word that was probably meant. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/types/span.h"

namespace podnamed::config {

// The candidate that takes the fewest typing errors (a letter too many, missing, wrong, or two letters swapped:
// Damerau-Levenshtein) to become `word`, if they are at most one per three letters; the first of equals.
std::optional<std::string_view> NearestWord(std::string_view word, absl::Span<const std::string_view> candidates);

// "; did you mean "forward"?", ready to end a message; empty if nothing is near.
std::string DidYouMean(std::string_view word, absl::Span<const std::string_view> candidates);

}  // namespace podnamed::config
