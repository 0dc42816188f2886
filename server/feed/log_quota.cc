#include "server/feed/log_quota.h"

#include <fmt/format.h>

#include <utility>

namespace podnamed::feed {

std::optional<std::string> LogQuota::Admit(absl::Time now) {
  if (now - window_start_ >= window_ || now < window_start_) {
    window_start_ = now;
    used_ = 0;
  }
  if (used_ == lines_) {
    ++left_out_;
    return std::nullopt;
  }
  ++used_;
  std::string note;
  if (left_out_ > 0) note = fmt::format(" ({} lines like this were left out before it)", std::exchange(left_out_, 0));
  if (used_ == lines_) note += " (more lines like this are left out for a while)";
  return note;
}

}  // namespace podnamed::feed
