// A command line as an Invocation, checked against the command table.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ctl/command_table.h"
#include "server/base/listen_address.h"

namespace podnamed::ctl {

struct Invocation {
  const CommandDescription* command = nullptr;  // nullptr: none was given
  std::vector<std::string> arguments;
  base::ListenAddress server;
  bool json = false;
  absl::Duration timeout;
  std::string as;
  std::string source;
  std::string completion;  // the shell
  bool man = false;
  bool version = false;
  bool help = false;
};

// The error is one sentence that says what was found and what was expected.
absl::StatusOr<Invocation> ParseCommandLine(int argc, const char* const* argv);

}  // namespace podnamed::ctl
