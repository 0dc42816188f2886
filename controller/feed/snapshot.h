// The cluster at one revision, and the messages that carry it to a subscriber.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "controller/feed/feed_messages.h"
#include "controller/feed/record_table.h"

namespace podnamed::controller {

// Immutable, shared by the subscribers that begin at about the same time.
struct Snapshot {
  uint64_t revision = 0;
  RecordTable records;
  std::string digest;
  absl::Time origin_time = absl::InfinitePast();  // of the newest change in it; InfinitePast if there was none
};

// The messages of one snapshot, in order: begin, parts, end. Each is encoded when it is asked for, so a transfer holds
// one part at a time. One thread.
class SnapshotMessages {
 public:
  explicit SnapshotMessages(std::shared_ptr<const Snapshot> snapshot) : snapshot_(std::move(snapshot)) {}

  uint64_t revision() const { return snapshot_->revision; }

  // REQUIRES: !done().
  EncodedMessage Next();

  // The end was handed out.
  bool done() const { return stage_ == Stage::kDone; }

 private:
  enum class Stage { kBegin, kParts, kDone };

  EncodedMessage NextPart();

  const std::shared_ptr<const Snapshot> snapshot_;
  Stage stage_ = Stage::kBegin;
  size_t next_chunk_ = 0;
};

}  // namespace podnamed::controller
