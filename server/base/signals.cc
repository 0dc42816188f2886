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

sigset_t ReloadSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGUSR1);
  return signals;
}

timespec ToTimespec(std::chrono::milliseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  return {.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(time - seconds).count()};
}

const char* NameOf(int signal) {
  switch (signal) {
    case SIGINT:
      return "SIGINT";
    case SIGHUP:
      return "SIGHUP";
    case SIGUSR1:
      return "SIGUSR1";
    default:
      return "SIGTERM";
  }
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
  return NameOf(signal);
}

void BlockReloadSignals() {
  const sigset_t signals = ReloadSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

std::optional<Signal> WaitForSignal(std::chrono::milliseconds patience) {
  const sigset_t to_stop = StopSignals();
  sigset_t all = ReloadSignals();
  sigorset(&all, &all, &to_stop);
  const timespec timeout = ToTimespec(patience);
  const int signal = sigtimedwait(&all, nullptr, &timeout);
  if (signal < 0) return std::nullopt;
  const bool asks_to_stop = sigismember(&to_stop, signal) == 1;
  if (asks_to_stop) pthread_sigmask(SIG_UNBLOCK, &to_stop, nullptr);
  return Signal{NameOf(signal), asks_to_stop};
}

bool HasStopSignalCome() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

bool StopSignalComesWithin(std::chrono::milliseconds patience) {
  const sigset_t signals = StopSignals();
  const timespec timeout = ToTimespec(patience);
  return sigtimedwait(&signals, nullptr, &timeout) > 0;
}

}  // namespace podnamed::base
