// Errors that are counted for a while and then told in one line: what `consolidate` asks for. One per server block,
// shared by its workers; any thread. An error is not an everyday thing, so there is a lock.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "config/options.h"

namespace podnamed::plugins {

class Consolidation {
 public:
  // REQUIRES: valid patterns.
  explicit Consolidation(const config::ErrorsOptions& options);

  enum class Taken {
    kNo,      // no pattern matches: the error is a line of its own
    kSilent,  // it is counted
    kShown,   // it is counted, and a line of its own as well, of `level`
  };
  Taken Take(std::string_view error, absl::Time now, std::optional<base::LogLevel>& level);

  // Writes what has been counted to its end; with absl::InfiniteFuture() all that has been counted.
  void TellDue(absl::Time now);

 private:
  struct Pattern {
    explicit Pattern(const config::ConsolidateOptions& from) : options(from), expression(from.pattern, RE2::Quiet) {}

    const config::ConsolidateOptions options;
    const RE2 expression;
    absl::Mutex mutex;
    uint64_t count ABSL_GUARDED_BY(mutex) = 0;
    absl::Time due ABSL_GUARDED_BY(mutex);  // if something is counted
  };

  std::vector<std::unique_ptr<Pattern>> patterns_;
};

}  // namespace podnamed::plugins
