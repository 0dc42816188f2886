// Runs a command: asks the server, prints what it says. One thread; only watch starts another, for signals.
#pragma once

#include "ctl/command_line.h"

namespace podnamed::ctl {

// REQUIRES: invocation.command; before a watch base::BlockStopSignals was called.
ExitCode RunCommand(const Invocation& invocation);

}  // namespace podnamed::ctl
