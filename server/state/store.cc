#include "server/state/store.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace podnamed::state {

std::optional<Position> Store::position() const {
  const Snapshot* current = holder_.current();
  if (current == nullptr) return std::nullopt;
  return current->position();
}

void Store::BeginSnapshot(Position position) {
  aside_ = std::make_unique<SnapshotBuilder>();
  aside_position_ = position;
}

void Store::AddToSnapshot(std::vector<Op> ops) {
  aside_->Add(std::move(ops));
  aside_->Flush();
}

void Store::KeepInSnapshot(const EntityKey& key) {
  if (const Snapshot* current = holder_.current()) aside_->Keep(*current, key);
}

void Store::CommitSnapshot(absl::Time origin_time) {
  holder_.Publish(aside_->Build(aside_position_, origin_time));
  aside_.reset();
}

void Store::AbandonSnapshot() { aside_.reset(); }

absl::Status Store::Apply(Delta delta) {
  const Snapshot* current = holder_.current();
  if (current == nullptr) return absl::FailedPreconditionError("a change came before the first snapshot");
  const Position& position = current->position();
  if (delta.previous_revision != position.revision) {
    return absl::FailedPreconditionError(absl::StrCat("revision ", delta.revision, " builds on ",
                                                      delta.previous_revision, ", but the state is at ",
                                                      position.revision));
  }
  SnapshotBuilder builder(*current);
  builder.Add(std::move(delta.ops));
  holder_.Publish(builder.Build({position.epoch, delta.revision}, delta.origin_time));
  return absl::OkStatus();
}

}  // namespace podnamed::state
