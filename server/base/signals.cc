#include "server/base/signals.h"

#include <pthread.h>

#include <csignal>

namespace podnamed::base {
namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

void BlockStopSignals() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

const char* WaitForStopSignal() {
  const sigset_t signals = StopSignals();
  int signal = 0;
  sigwait(&signals, &signal);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return signal == SIGINT ? "SIGINT" : "SIGTERM";
}

bool HasStopSignalCome() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

bool StopSignalComesWithin(std::chrono::milliseconds patience) {
  const sigset_t signals = StopSignals();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience);
  const timespec timeout = {.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(patience - seconds).count()};
  return sigtimedwait(&signals, nullptr, &timeout) > 0;
}

}  // namespace podnamed::base
