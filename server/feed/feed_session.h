// One stream's conversation with the controller, by the rules of feed.proto and without gRPC: messages go in, the state
// is written, replies come out. The thread that writes the state.
//
//   Welcome ──SNAPSHOT──► kSnapshotDue ──Begin──► kSnapshot ──End──► kLive ──Batch──► kLive …
//      └──────RESUME───────────────────────────────────────────────► kLive
//                                              └── Begin, at any time after Welcome, leads (back) to kSnapshot
//
// A session that ends within a snapshot throws it away; what is published stays.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "proto/podnamed/feed/v1/feed.pb.h"
#include "proto/podnamed/feed/v1/feed_digest.h"
#include "server/feed/feed_decoder.h"
#include "server/state/store.h"

namespace podnamed::feed {

// How much a snapshot brought.
struct SnapshotTotals {
  uint64_t records = 0;
  uint64_t rejected = 0;
};

class FeedSession {
 public:
  // Asks to resume at `resume`, or for a snapshot. `node` says who we are. `store` must outlive this.
  FeedSession(state::Store& store, const std::optional<state::Position>& resume, std::string_view node);
  ~FeedSession();
  FeedSession(const FeedSession&) = delete;
  FeedSession& operator=(const FeedSession&) = delete;

  // Takes the next message of the stream. An error is a violation of the protocol and the end of the session: what
  // NextReply still has is to be sent, and a snapshot to be asked for by a new stream.
  absl::Status Receive(const v1::SubscribeResponse& message);

  // What is to be sent next, Hello first; std::nullopt: nothing. An Ack is made when it is asked for, so that one
  // speaks for all that was published in the meantime.
  std::optional<v1::SubscribeRequest> NextReply();
  // How many replies wait, an Ack aside.
  size_t waiting_replies() const { return replies_.size(); }

  bool welcomed() const { return phase_ != Phase::kWelcomeDue; }
  // The published state has caught up with what the controller had when it said Welcome.
  bool synced() const { return synced_; }
  // Of the newest snapshot; std::nullopt when none has come.
  std::optional<SnapshotTotals> snapshot_totals() const;

 private:
  enum class Phase { kWelcomeDue, kSnapshotDue, kSnapshot, kLive };
  // What has come of a snapshot.
  struct Snapshot {
    uint64_t revision;
    SnapshotTotals totals;
    v1::Key last_key;
    v1::SnapshotDigest digest;
  };

  absl::Status OnWelcome(const v1::Welcome& welcome);
  absl::Status OnSnapshotBegin(const v1::SnapshotBegin& begin);
  absl::Status OnSnapshotPart(const v1::SnapshotPart& part);
  absl::Status OnSnapshotEnd(const v1::SnapshotEnd& end);
  absl::Status OnBatch(const v1::Batch& batch);

  void Reject(uint64_t revision, std::vector<Rejection> rejections);
  void AfterPublication(uint64_t revision);

  state::Store& store_;
  const std::optional<state::Position> resume_;
  Phase phase_ = Phase::kWelcomeDue;
  bool synced_ = false;
  std::array<uint8_t, 16> epoch_{};  // from Welcome on
  uint64_t welcome_head_ = 0;

  std::optional<Snapshot> snapshot_;  // the newest

  std::deque<v1::SubscribeRequest> replies_;
  std::optional<uint64_t> ack_;
};

}  // namespace podnamed::feed
