// Keeps repeated log lines from filling a disk: so many lines a window of time, and a word on those left out. One a
// kind of line. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace podnamed::feed {

class LogQuota {
 public:
  LogQuota(int lines, absl::Duration window) : lines_(lines), window_(window) {}

  // std::nullopt: keep the line back. Else write it, and this text at its end: empty, or how many were kept back
  // before.
  std::optional<std::string> Admit(absl::Time now);

 private:
  const int lines_;
  const absl::Duration window_;
  absl::Time window_start_ = absl::InfinitePast();
  int used_ = 0;
  uint64_t left_out_ = 0;
};

}  // namespace podnamed::feed
