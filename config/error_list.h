// Every error of one configuration, so that an operator mends them in one go. One thread.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "config/position.h"

namespace podnamed::config {

class ErrorList {
 public:
  // The message says what was found, then after "; " what was expected. The same message at the same place is kept
  // once: a snippet that is imported ten times is wrong once. Holds a thousand errors and counts the rest.
  template <typename... Args>
  void Add(const Position& position, fmt::format_string<Args...> format, Args&&... args) {
    AddMessage(position, fmt::format(format, std::forward<Args>(args)...));
  }
  // The message of what a function that knows no positions returned. REQUIRES: not OK.
  void Add(const Position& position, const absl::Status& error) { AddMessage(position, std::string(error.message())); }

  bool empty() const { return errors_.empty(); }

  // InvalidArgument with one line per error, "file:line:column: message", ordered by place; OK if there is none.
  absl::Status ToStatus() const;

 private:
  void AddMessage(const Position& position, std::string message);

  using Place = std::tuple<std::string, int, int>;               // file, line, column
  std::map<std::pair<Place, std::string>, std::string> errors_;  // place and message → whole line
  size_t omitted_ = 0;
};

// The text in double quotes for a message: one printable line, shortened when it is long.
std::string Quoted(std::string_view text);

// "What was found; what was expected", from a function that knows no positions.
template <typename... Args>
absl::Status Wrong(fmt::format_string<Args...> format, Args&&... args) {
  return absl::InvalidArgumentError(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace podnamed::config
