// The upstreams of one `forward` directive as they are now: those of the Corefile, and those of its files, which are
// read again while the server runs (a node's /etc/resolv.conf changes with its network). Any thread; one instance for
// all workers.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "config/forward_options.h"

namespace podnamed::plugins {

class ForwardTargets {
 public:
  // `options` outlive this.
  explicit ForwardTargets(const config::ForwardOptions& options) : options_(options) { Reread(); }

  // Reads the files. One that cannot be read, or names nobody, changes nothing: it is said once, in the log. Waits for
  // the disk.
  void Reread();

  // Moves when the targets have changed.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // At most config::kMaxForwardTargets.
  std::vector<config::ForwardTarget> targets() const {
    absl::MutexLock lock(&mutex_);
    return targets_;
  }

 private:
  const config::ForwardOptions& options_;
  mutable absl::Mutex mutex_;
  std::vector<config::ForwardTarget> targets_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> failed_files_ ABSL_GUARDED_BY(mutex_);  // that were complained of
  std::atomic<uint64_t> version_ = 0;
};

}  // namespace podnamed::plugins
