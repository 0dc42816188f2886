// How long to wait before trying again: exponential, with full jitter, so that a thousand clients that lost the same
// peer do not come back in step. One thread; randomness comes in so that tests are exact.
#pragma once

#include "absl/random/bit_gen_ref.h"
#include "absl/time/time.h"

namespace podnamed::base {

class Backoff {
 public:
  // `random` must outlive this. The n-th wait is uniform in (0, min(max, first * 2^n)], never below first / 2.
  Backoff(absl::Duration first, absl::Duration max, absl::BitGenRef random)
      : first_(first), max_(max), bound_(first), random_(random) {}

  // The next wait; each call doubles the bound.
  absl::Duration Next();

  // After health: the next wait is short again.
  void Reset() { bound_ = first_; }

 private:
  const absl::Duration first_;
  const absl::Duration max_;
  absl::Duration bound_;
  absl::BitGenRef random_;
};

}  // namespace podnamed::base
