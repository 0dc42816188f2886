// The upstreams of one `forward` directive as they are now: those of the Corefile, and those of its files, which are
// read again when they have changed (a node's /etc/resolv.conf does with its network). Any thread; one instance for all
// workers.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "config/forward_options.h"
#include "server/plugins/file_watch.h"

namespace podnamed::plugins {

class ForwardTargets {
 public:
  // Reads the files before it returns, and looks at each of them every `interval`.
  explicit ForwardTargets(const config::ForwardOptions& options, absl::Duration interval = absl::Seconds(5));

  // Moves when the targets have changed.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // At most config::kMaxForwardTargets, each once.
  std::vector<config::ForwardTarget> targets() const;

 private:
  // A file that cannot be read, or names nobody, changes nothing.
  void Read(size_t file, const absl::StatusOr<std::string>& content);

  const std::vector<config::ForwardTarget> fixed_;
  const std::vector<std::string> files_;
  mutable absl::Mutex mutex_;
  std::vector<std::vector<config::ForwardTarget>> of_files_ ABSL_GUARDED_BY(mutex_);
  std::atomic<uint64_t> version_ = 1;
  std::vector<std::unique_ptr<FileWatch>> watches_;  // go first
};

}  // namespace podnamed::plugins
