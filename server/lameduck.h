// When may a server that is asked to stop do so? Not before those who send queries have had the time to hear of it, and
// then as soon as they have: no query has come for a second. Who does not hear of it at all is not waited for for ever.
// Knows neither clock nor socket. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace podnamed {

class Lameduck {
 public:
  // So long without a query, and traffic has stopped.
  static constexpr absl::Duration kQuiet = absl::Seconds(1);

  // It lasts for `least`, and for twice that at most.
  explicit Lameduck(absl::Duration least) : least_(least) {}

  // `elapsed` since it began, `queries` have been counted in all. Call several times a second. Once it is over: why, as
  // a part of a sentence.
  std::optional<std::string> Look(absl::Duration elapsed, uint64_t queries);

 private:
  const absl::Duration least_;
  std::optional<uint64_t> queries_;           // when it was looked at
  std::optional<absl::Duration> last_;        // when they were seen to have become more
  std::optional<uint64_t> queries_at_least_;  // when `least_` was over
};

}  // namespace podnamed
