// How a program is asked to end, or to read its configuration again. Signals are handled by one thread that waits for
// them; no code runs inside a handler.
#pragma once

#include <chrono>
#include <optional>

namespace podnamed::base {

// Makes SIGTERM and SIGINT wait for WaitForStopSignal, in this thread and all that it starts; a peer that went away
// (SIGPIPE) is an error of the write instead of the end of the process. Call first in main.
void BlockStopSignals();

// Returns the signal's name, "SIGTERM" or "SIGINT", when one has come. From then on the next one ends the process at
// once, as it would have without us.
const char* WaitForStopSignal();

// Makes SIGHUP and SIGUSR1 wait as well, for WaitForSignal.
void BlockReloadSignals();

struct Signal {
  const char* name;
  bool asks_to_stop;  // as WaitForStopSignal's: the next such one ends the process at once
};
// The next signal of all these; std::nullopt if none has come within `patience`.
std::optional<Signal> WaitForSignal(std::chrono::milliseconds patience);

// Whether one has come that WaitForStopSignal would return for at once.
bool HasStopSignalCome();

// Whether one comes within `patience`, for who does something else meanwhile. It has no other effect.
bool StopSignalComesWithin(std::chrono::milliseconds patience);

}  // namespace podnamed::base
