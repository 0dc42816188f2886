// Runs a program and waits for what it prints, without a thread. Linux: its end is a file descriptor (pidfd_open).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace podnamed::kube {

struct Command {
  std::string program;  // looked for in PATH where it has no slash
  std::vector<std::string> arguments = {};
  std::vector<std::pair<std::string, std::string>> environment = {};  // besides our own, before which it goes
  std::chrono::milliseconds deadline{60'000};
  size_t max_output = size_t{1} << 20;
};

// What it wrote to its standard output. An error, one sentence, says that it could not be started, failed (with the
// last line of its standard error) or took too long; it is dead then, as it is when this coroutine is cancelled.
boost::asio::awaitable<absl::StatusOr<std::string>> RunCommand(Command command);

}  // namespace podnamed::kube
