// A value that one thread makes anew now and then and many read: readers take the newest when it suits them, and keep
// it as long as they like. Freed on the writer's thread, whoever lets go last.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace podnamed::plugins {

template <typename T>
class Published {
 public:
  // Any thread. Takes a lock for as long as a pointer takes to copy: not on a query's path.
  std::shared_ptr<const T> Current() const {
    const absl::MutexLock lock(&mutex_);
    return current_;
  }

  // Writer's thread.
  void Publish(std::shared_ptr<const T> next) {
    const absl::MutexLock lock(&mutex_);
    retired_.push_back(std::exchange(current_, std::move(next)));
  }

  // Frees what nobody reads any more. Writer's thread, now and then.
  void Reclaim() {
    std::vector<std::shared_ptr<const T>> free;
    {
      const absl::MutexLock lock(&mutex_);
      for (std::shared_ptr<const T>& value : retired_) {
        if (value.use_count() <= 1) free.push_back(std::move(value));
      }
      std::erase(retired_, nullptr);
    }
  }

 private:
  mutable absl::Mutex mutex_;
  std::shared_ptr<const T> current_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<const T>> retired_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace podnamed::plugins
