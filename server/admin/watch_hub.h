// Tells watchers what changes. One thread, which runs while somebody watches, looks at the published snapshots fifty
// times a second, compares each with the one before and puts what changed into every watcher's own bounded list. So who
// publishes knows of no watcher, nobody waits for a slow one, and a snapshot is held for as long as the comparison
// takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/podnamed/inspect/v1/inspect.pb.h"
#include "server/admin/changes.h"
#include "server/admin/subject.h"

namespace podnamed::admin {

struct WatchLimits {
  size_t watchers = 16;
  size_t changes = 10'000;  // that wait for one watcher; what is beyond is counted
  size_t changes_a_message = 500;
  absl::Duration interval = absl::Milliseconds(20);
};

class WatchHub {
 public:
  // Which objects a watcher wants to hear of, by cluster. Any thread; must not wait.
  using Filter = std::function<bool(size_t cluster, const inspect::v1::Object& object)>;
  class Watcher;

  // `subject` must outlive this.
  explicit WatchHub(const Subject& subject, WatchLimits limits = {});
  ~WatchHub();  // stops

  // From what is published now on; nullptr if too many watch, or this has stopped. The first message of each cluster
  // says where it stands.
  std::shared_ptr<Watcher> Watch(Filter filter);
  void Leave(const std::shared_ptr<Watcher>& watcher);
  // The next message of a watcher, when there is something to say; std::nullopt after `patience`, or when the hub
  // stops.
  std::optional<inspect::v1::WatchResponse> Next(Watcher& watcher, absl::Duration patience);
  bool stopped() const;

  // Ends all waiting. Any thread.
  void Stop();

 private:
  // One cluster, as the thread sees it.
  struct Followed;

  void Run();
  // Both false: the hub stops.
  bool WaitForWatchers();
  // Between two looks; false also when nobody watches any more.
  bool Pause();
  void Look(Followed& followed, size_t cluster);

  const Subject& subject_;
  const WatchLimits limits_;

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;  // a watcher came or went, has something to read, or the hub stops
  absl::flat_hash_set<std::shared_ptr<Watcher>> watchers_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace podnamed::admin
