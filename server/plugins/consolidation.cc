#include "server/plugins/consolidation.h"

#include <fmt/format.h>

#include <string>

#include "server/base/log.h"

namespace podnamed::plugins {

Consolidation::Consolidation(const config::ErrorsOptions& options) {
  for (const config::ConsolidateOptions& pattern : options.consolidate) {
    patterns_.push_back(std::make_unique<Pattern>(pattern));
  }
}

Consolidation::Taken Consolidation::Take(std::string_view error, absl::Time now, std::optional<base::LogLevel>& level) {
  for (const std::unique_ptr<Pattern>& pattern : patterns_) {
    if (!RE2::PartialMatch(re2::StringPiece(error.data(), error.size()), pattern->expression)) continue;
    level = pattern->options.level;
    const absl::MutexLock lock(&pattern->mutex);
    if (pattern->count++ > 0) return Taken::kSilent;
    pattern->due = now + pattern->options.period;
    return pattern->options.show_first ? Taken::kShown : Taken::kSilent;
  }
  return Taken::kNo;
}

void Consolidation::TellDue(absl::Time now) {
  for (const std::unique_ptr<Pattern>& pattern : patterns_) {
    const config::ConsolidateOptions& options = pattern->options;
    uint64_t count = 0;
    {
      const absl::MutexLock lock(&pattern->mutex);
      if (pattern->count == 0 || now < pattern->due) continue;
      std::swap(count, pattern->count);
    }
    if (!options.level || (options.show_first && count == 1)) continue;  // the one has been shown
    base::WriteLog(*options.level, "plugin/errors",
                   fmt::format("{} errors like '{}' occurred in last {}", count, options.pattern,
                               absl::FormatDuration(options.period)));
  }
}

}  // namespace podnamed::plugins
