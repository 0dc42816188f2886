#include "config/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "config/error_list.h"

namespace podnamed::config {
namespace {

// Longer words are nobody's typing error, and comparing takes their product.
constexpr size_t kLongestWord = 40;

// The restricted form (optimal string alignment): no letter is touched twice. REQUIRES: both at most kLongestWord.
size_t TypingErrors(std::string_view a, std::string_view b) {
  std::array<std::array<size_t, kLongestWord + 1>, kLongestWord + 1> errors;  // [i][j]: the first i of a, j of b
  for (size_t i = 0; i <= a.size(); ++i) errors[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) errors[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t wrong = a[i - 1] == b[j - 1] ? 0 : 1;
      errors[i][j] = std::min({errors[i - 1][j] + 1, errors[i][j - 1] + 1, errors[i - 1][j - 1] + wrong});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        errors[i][j] = std::min(errors[i][j], errors[i - 2][j - 2] + 1);
      }
    }
  }
  return errors[a.size()][b.size()];
}

}  // namespace

std::optional<std::string_view> NearestWord(std::string_view word, absl::Span<const std::string_view> candidates) {
  if (word.empty() || word.size() > kLongestWord) return std::nullopt;
  std::optional<std::string_view> nearest;
  size_t bound = (word.size() + 2) / 3 + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kLongestWord) continue;
    const size_t errors = TypingErrors(word, candidate);
    if (errors >= bound) continue;
    nearest = candidate;
    bound = errors;
  }
  return nearest;
}

std::string DidYouMean(std::string_view word, absl::Span<const std::string_view> candidates) {
  const std::optional<std::string_view> nearest = NearestWord(word, candidates);
  return nearest ? fmt::format("; did you mean {}?", Quoted(*nearest)) : "";
}

}  // namespace podnamed::config
