// podnamectl: a command line to one command, which asks a running podnamed; the exit code is the command's.
#include <fmt/format.h>

#include <iostream>
#include <string>

#include "ctl/command_line.h"
#include "ctl/commands.h"
#include "ctl/documents.h"
#include "server/base/signals.h"
#include "server/base/version.h"

namespace podnamed::ctl {
namespace {

ExitCode Main(int argc, const char* const* argv) {
  const absl::StatusOr<Invocation> invocation = ParseCommandLine(argc, argv);
  if (!invocation.ok()) {
    std::cerr << kProgram << ": " << std::string(invocation.status().message()) << "\n";
    return kFailure;
  }
  if (invocation->version) {
    std::cout << kProgram << "-" << base::kVersion << "\n";
    return kOk;
  }
  if (invocation->man) {
    std::cout << ManPage(base::kVersion);
    return kOk;
  }
  if (!invocation->completion.empty()) {
    std::cout << (invocation->completion == "zsh" ? ZshCompletion() : BashCompletion());
    return kOk;
  }
  if (invocation->help) {
    std::cout << (invocation->command == nullptr ? HelpText() : HelpText(*invocation->command));
    return kOk;
  }
  // A watch is ended by a signal and says so by its exit code; everything else may simply die of it.
  if (invocation->command->name == "watch") base::BlockStopSignals();
  return RunCommand(*invocation);
}

}  // namespace
}  // namespace podnamed::ctl

int main(int argc, char** argv) { return podnamed::ctl::Main(argc, argv); }
