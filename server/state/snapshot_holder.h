// Publishes the current snapshot to many readers that never wait for each other.
//
// One writer publishes; each worker has a SnapshotReader of its own. A reader keeps hold of the snapshot it last saw
// and asks one atomic number whether there is a newer one; only then it takes the mutex, for as long as two pointers
// take to copy. So a query sees one snapshot from beginning to end, and a query that arrives after Publish returned
// sees what was published: the number is stored before Publish returns and loaded after the query was received.
//
// A snapshot is big: freeing it must not happen on a query's path, and the counters inside its structure belong to the
// writer's thread. Therefore the holder keeps every snapshot that it published until no reader has it any more, and
// frees it in Publish or Reclaim, on the writer's thread. Readers let go inside the mutex, so that the writer, who
// looks at the count inside the mutex too, sees all that they did with it as done. An idle reader must call Refresh now
// and then, or it keeps an old cluster alive.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "server/state/snapshot.h"

namespace podnamed::state {

// Must outlive its readers, and be destroyed on (or after the end of) the writer's thread.
class SnapshotHolder {
 public:
  // Writer's thread.
  void Publish(std::unique_ptr<const Snapshot> next);
  // Frees what no reader holds any more; returns how many retired snapshots remain. Writer's thread.
  size_t Reclaim();
  // Since when nothing is heard of the cluster; absl::InfiniteFuture() while it is. Any thread.
  void SetStaleSince(absl::Time when) {
    stale_since_.store(when == absl::InfiniteFuture() ? kLive : absl::ToUnixSeconds(when), std::memory_order_relaxed);
  }
  // What was published last; nullptr before the first. Writer's thread.
  const Snapshot* current() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return current_.get(); }

 private:
  friend class SnapshotReader;

  static constexpr int64_t kLive = 0;

  std::atomic<uint64_t> version_{0};         // counts publications
  std::atomic<int64_t> stale_since_{kLive};  // seconds since the Unix epoch
  mutable absl::Mutex mutex_;
  std::shared_ptr<const Snapshot> current_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<const Snapshot>> retired_;  // writer's thread
};

// One worker's view. That worker's thread alone.
class SnapshotReader {
 public:
  explicit SnapshotReader(const SnapshotHolder& holder) : holder_(holder) {}
  SnapshotReader(const SnapshotReader&) = delete;
  SnapshotReader& operator=(const SnapshotReader&) = delete;
  ~SnapshotReader();

  // The newest snapshot; nullptr before the first one was published. Valid until the next call on this reader.
  const Snapshot* Current() {
    if (holder_.version_.load(std::memory_order_acquire) != seen_) Refresh();
    return snapshot_.get();
  }
  // What Current or Refresh has taken last, be there a newer one or not. Valid until the next call of either.
  const Snapshot* seen() const { return snapshot_.get(); }
  // For how many seconds nothing has been heard of the cluster; 0 while it is.
  uint32_t stale_seconds() const {
    const int64_t since = holder_.stale_since_.load(std::memory_order_relaxed);
    if (since == SnapshotHolder::kLive) return 0;
    return static_cast<uint32_t>(std::max<int64_t>(absl::ToUnixSeconds(absl::Now()) - since, 1));
  }
  // Lets go of an old snapshot: Current for those who do not want to look at it.
  void Refresh();

 private:
  const SnapshotHolder& holder_;
  uint64_t seen_ = 0;
  std::shared_ptr<const Snapshot> snapshot_;
};

}  // namespace podnamed::state
