#include "server/admin/watch_hub.h"

#include <utility>

#include "absl/time/clock.h"
#include "server/admin/objects.h"
#include "server/state/snapshot_holder.h"

namespace podnamed::admin {
namespace {

using inspect::v1::Object;
using inspect::v1::WatchResponse;

struct ByPlace {
  bool operator()(const Object& a, const Object& b) const { return ObjectLess(a, b); }
};

const Object& ObjectOf(const ObjectChange& change) { return change.after ? *change.after : *change.before; }

bool IsNothing(const ObjectChange& change) {
  if (change.replaced) return false;
  if (!change.before || !change.after) return !change.before && !change.after;
  return DescribeChange(*change.before, *change.after).empty();
}

// What one watcher has not read yet of one cluster.
struct Unread {
  bool has_news = true;  // at first: where it stands
  std::optional<inspect::v1::Position> position;
  std::optional<google::protobuf::Timestamp> changed_at;
  absl::btree_map<Object, ObjectChange, ByPlace> changes;
  uint64_t left_out = 0;

  void Add(const ObjectChange& change, size_t limit) {
    const auto known = changes.find(ObjectOf(change));
    if (known != changes.end()) {
      ObjectChange& merged = known->second;
      // What went and came again is another one of its name, as far as anybody can tell from here.
      merged.replaced = merged.before && (merged.replaced || change.replaced || (!merged.after && change.after));
      merged.after = change.after;
      if (IsNothing(merged)) changes.erase(known);
    } else if (changes.size() < limit) {
      changes.emplace(ObjectOf(change), change);
    } else {
      ++left_out;
    }
  }

  WatchResponse Take(const std::string& source, size_t limit) {
    WatchResponse response;
    response.set_source(source);
    if (position) *response.mutable_position() = *position;
    if (changed_at) *response.mutable_changed_at() = *changed_at;
    while (!changes.empty() && static_cast<size_t>(response.changes_size()) < limit) {
      *response.add_changes() = MakeChange(changes.begin()->second);
      changes.erase(changes.begin());
    }
    has_news = !changes.empty();
    if (!has_news) response.set_left_out(std::exchange(left_out, 0));
    return response;
  }
};

}  // namespace

class WatchHub::Watcher {
 public:
  Watcher(Filter wants, size_t clusters) : filter(std::move(wants)), unread(clusters), is_new(clusters, true) {}

  const Filter filter;
  // By cluster; guarded by the hub's mutex.
  std::vector<Unread> unread;
  std::vector<bool> is_new;  // has not been told where the cluster stands
};

struct WatchHub::Followed {
  explicit Followed(const state::SnapshotHolder& holder)
      : held(std::make_unique<state::SnapshotReader>(holder)),
        next(std::make_unique<state::SnapshotReader>(holder)),
        before(held->Current()) {}

  // Two views of the holder, so that two snapshots can be compared. `held` keeps `before` alive.
  std::unique_ptr<state::SnapshotReader> held;
  std::unique_ptr<state::SnapshotReader> next;
  const state::Snapshot* before;
};

WatchHub::WatchHub(const Subject& subject, WatchLimits limits)
    : subject_(subject), limits_(limits), thread_([this] { Run(); }) {}

WatchHub::~WatchHub() {
  Stop();
  thread_.join();
}

void WatchHub::Stop() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
  changed_.SignalAll();
}

bool WatchHub::stopped() const {
  absl::MutexLock lock(&mutex_);
  return stopping_;
}

std::shared_ptr<WatchHub::Watcher> WatchHub::Watch(Filter filter) {
  auto watcher = std::make_shared<Watcher>(std::move(filter), subject_.clusters.size());
  absl::MutexLock lock(&mutex_);
  if (stopping_ || watchers_.size() >= limits_.watchers) return nullptr;
  watchers_.insert(watcher);
  changed_.SignalAll();
  return watcher;
}

void WatchHub::Leave(const std::shared_ptr<Watcher>& watcher) {
  absl::MutexLock lock(&mutex_);
  watchers_.erase(watcher);
  changed_.SignalAll();
}

std::optional<WatchResponse> WatchHub::Next(Watcher& watcher, absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  absl::MutexLock lock(&mutex_);
  while (!stopping_) {
    for (size_t cluster = 0; cluster < watcher.unread.size(); ++cluster) {
      Unread& unread = watcher.unread[cluster];
      if (watcher.is_new[cluster] || !unread.has_news) continue;
      return unread.Take(subject_.clusters[cluster].source, limits_.changes_a_message);
    }
    if (changed_.WaitWithDeadline(&mutex_, deadline)) break;
  }
  return std::nullopt;
}

void WatchHub::Run() {
  while (WaitForWatchers()) {
    std::vector<Followed> followed;
    for (const ClusterSubject& cluster : subject_.clusters) followed.emplace_back(*cluster.holder);
    do {
      for (size_t cluster = 0; cluster < followed.size(); ++cluster) Look(followed[cluster], cluster);
    } while (Pause());
  }
}

bool WatchHub::WaitForWatchers() {
  absl::MutexLock lock(&mutex_);
  while (!stopping_ && watchers_.empty()) changed_.Wait(&mutex_);
  return !stopping_;
}

bool WatchHub::Pause() {
  const absl::Time deadline = absl::Now() + limits_.interval;
  absl::MutexLock lock(&mutex_);
  while (!stopping_ && !watchers_.empty() && !changed_.WaitWithDeadline(&mutex_, deadline)) {
  }
  return !stopping_ && !watchers_.empty();
}

void WatchHub::Look(Followed& followed, size_t cluster) {
  const state::Snapshot* const now = followed.next->Current();
  absl::MutexLock lock(&mutex_);
  bool is_news = false;
  if (now != followed.before) {
    const auto tell = [&](const ObjectChange& change) {
      for (const std::shared_ptr<Watcher>& watcher : watchers_) {
        const auto is_wanted = [&](const std::optional<Object>& object) {
          return object && watcher->filter(cluster, *object);
        };
        if (watcher->is_new[cluster] || !(is_wanted(change.before) || is_wanted(change.after))) continue;
        watcher->unread[cluster].Add(change, limits_.changes);
        watcher->unread[cluster].has_news = true;
      }
    };
    ForEachChange(followed.before, *now, tell);
    is_news = true;
  }
  for (const std::shared_ptr<Watcher>& watcher : watchers_) {
    if (now != nullptr) {
      watcher->unread[cluster].position = MakePosition(now->position());
      watcher->unread[cluster].changed_at = ChangedAt(*now);
    }
    if (!watcher->is_new[cluster]) continue;
    watcher->is_new[cluster] = false;
    is_news = true;
  }
  if (!is_news) return;
  changed_.SignalAll();
  if (now == followed.before) return;
  std::swap(followed.held, followed.next);
  followed.next->Refresh();  // lets go of the snapshot before
  followed.before = now;
}

}  // namespace podnamed::admin
