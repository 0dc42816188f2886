#include "server/lameduck.h"

#include <fmt/format.h>

namespace podnamed {

std::optional<std::string> Lameduck::Look(absl::Duration elapsed, uint64_t queries) {
  if (queries_ && queries > *queries_) last_ = elapsed;
  queries_ = queries;
  if (elapsed < least_) return std::nullopt;
  if (!queries_at_least_) queries_at_least_ = queries;
  const absl::Duration quiet = elapsed - last_.value_or(absl::ZeroDuration());
  const bool is_quiet = quiet >= kQuiet || !last_;
  if (is_quiet && !last_) return fmt::format("no query in {:.1f} s", absl::ToDoubleSeconds(quiet));
  if (is_quiet) return fmt::format("last query {:.1f} s ago", absl::ToDoubleSeconds(quiet));
  if (elapsed < 2 * least_) return std::nullopt;
  const double rate = static_cast<double>(queries - *queries_at_least_) / absl::ToDoubleSeconds(elapsed - least_);
  return fmt::format("still {:.0f} queries per second after {:.1f} s", rate, absl::ToDoubleSeconds(elapsed));
}

}  // namespace podnamed
