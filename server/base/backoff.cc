#include "server/base/backoff.h"

#include <algorithm>

#include "absl/random/random.h"

namespace podnamed::base {

absl::Duration Backoff::Next() {
  const absl::Duration bound = bound_;
  bound_ = std::min(bound_ * 2, max_);
  const double low = absl::ToDoubleSeconds(first_ / 2);
  return absl::Seconds(absl::Uniform(absl::IntervalClosed, random_, low, absl::ToDoubleSeconds(bound)));
}

}  // namespace podnamed::base
