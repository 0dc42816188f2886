#include "server/state/snapshot_holder.h"

#include <algorithm>
#include <utility>

namespace podnamed::state {

void SnapshotHolder::Publish(std::unique_ptr<const Snapshot> next) {
  std::shared_ptr<const Snapshot> shared = std::move(next);
  {
    absl::MutexLock lock(&mutex_);
    std::swap(current_, shared);
    version_.fetch_add(1, std::memory_order_release);
  }
  if (shared != nullptr) retired_.push_back(std::move(shared));
  Reclaim();
}

size_t SnapshotHolder::Reclaim() {
  std::vector<std::shared_ptr<const Snapshot>> unused;
  {
    absl::MutexLock lock(&mutex_);
    const auto first_unused =
        std::partition(retired_.begin(), retired_.end(), [](const auto& snapshot) { return snapshot.use_count() > 1; });
    unused.assign(std::make_move_iterator(first_unused), std::make_move_iterator(retired_.end()));
    retired_.erase(first_unused, retired_.end());
  }
  return retired_.size();  // `unused` is freed outside of the mutex
}

SnapshotReader::~SnapshotReader() {
  absl::MutexLock lock(&holder_.mutex_);
  snapshot_.reset();
}

void SnapshotReader::Refresh() {
  absl::MutexLock lock(&holder_.mutex_);
  snapshot_ = holder_.current_;
  seen_ = holder_.version_.load(std::memory_order_relaxed);
}

}  // namespace podnamed::state
