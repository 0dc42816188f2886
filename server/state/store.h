// The only writer of the state: applies what the feed brings and publishes the result, whole or not at all. One thread
// (the feed's); readers see it through the SnapshotHolder, which must outlive this.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/state/delta.h"
#include "server/state/snapshot_builder.h"
#include "server/state/snapshot_holder.h"

namespace podnamed::state {

class Store {
 public:
  explicit Store(SnapshotHolder& holder) : holder_(holder) {}

  // Where the published state stands; std::nullopt before the first snapshot.
  std::optional<Position> position() const;

  // Starts a state aside, from nothing; one begun before is thrown away. What is published stays until CommitSnapshot.
  void BeginSnapshot(Position position);
  // REQUIRES: between BeginSnapshot and CommitSnapshot.
  void AddToSnapshot(std::vector<Op> ops);
  // Takes over what is published under `key`, if anything is: the last good value of an entity that came broken.
  // REQUIRES: as AddToSnapshot.
  void KeepInSnapshot(const EntityKey& key);
  // Publishes the state aside. `origin_time`: when its newest change happened at the source.
  void CommitSnapshot(absl::Time origin_time);
  void AbandonSnapshot();

  // Publishes the state after `delta`. FailedPrecondition, and nothing changed, when the delta does not build on the
  // published revision.
  absl::Status Apply(Delta delta);

  // Since when the feed is silent; absl::InfiniteFuture() while it is not.
  void SetStaleSince(absl::Time when) { holder_.SetStaleSince(when); }

  // Frees old states that no reader holds any more, as each publication does: for the quiet times between.
  void Reclaim() { holder_.Reclaim(); }

 private:
  SnapshotHolder& holder_;
  std::unique_ptr<SnapshotBuilder> aside_;
  Position aside_position_;
};

}  // namespace podnamed::state
