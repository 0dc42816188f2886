// Calls a function now and then, on a thread of its own.
#pragma once

#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace podnamed::plugins {

class Ticker {
 public:
  // Every `interval`, the first time after one; zero: never.
  Ticker(absl::Duration interval, absl::AnyInvocable<void()> tick) : interval_(interval), tick_(std::move(tick)) {
    if (interval_ > absl::ZeroDuration()) thread_ = std::thread([this] { Run(); });
  }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;
  // Waits for the thread, which is asleep or in the function.
  ~Ticker() {
    if (!thread_.joinable()) return;
    {
      const absl::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    thread_.join();
  }

 private:
  void Run() {
    while (true) {
      {
        const absl::MutexLock lock(&mutex_);
        if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), interval_)) return;
      }
      tick_();
    }
  }

  const absl::Duration interval_;
  absl::AnyInvocable<void()> tick_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace podnamed::plugins
