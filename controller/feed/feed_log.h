// One life of the controller's log: the cluster as it is, and the last batches that led there. Sources write what they
// found by Append and Replace; each change becomes one or more batches, encoded once and shared by all subscribers.
//
// Any thread. Writers take turns; who reads the log never waits for one that is still encoding. What no subscriber
// could take (a record that holds nothing, is larger than kMaxRecordBytes or is not UTF-8) is left out, logged with its
// key, and its last good value stays. Everything is bounded but the cluster itself: the log by FeedLogOptions.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "controller/feed/feed_messages.h"
#include "controller/feed/record_table.h"
#include "controller/feed/snapshot.h"
#include "proto/podnamed/feed/v1/feed.pb.h"
#include "proto/podnamed/feed/v1/feed_key.h"

namespace podnamed::controller {

// The random name of one life of a log.
using Epoch = std::array<uint8_t, 16>;
Epoch RandomEpoch();

struct FeedLogOptions {
  // How far back a subscriber may resume; the newest batch is always kept.
  size_t max_batches = 16384;
  size_t max_bytes = size_t{8} << 20;
};

// A source that is not heard of any more: since when, and for a person, of what and why.
struct SourceLoss {
  std::chrono::steady_clock::time_point since;
  std::string why;
};

class FeedLog {
 public:
  explicit FeedLog(const Epoch& epoch, FeedLogOptions options = {});

  const Epoch& epoch() const { return epoch_; }

  // The newest revision.
  uint64_t head() const ABSL_LOCKS_EXCLUDED(log_mutex_);

  // ---- for sources. Both return the revision at which what was written is visible. REQUIRES: `origin_time` is finite.

  // Applies the operations in order, as the source saw them at `origin_time`. Those that change nothing (an equal
  // record, a delete of what is absent or of another life) make no noise in the log.
  uint64_t Append(std::vector<feed::v1::Op> ops, absl::Time origin_time) ABSL_LOCKS_EXCLUDED(state_mutex_);

  // Makes `records` the whole cluster by the smallest change: upserts of what is new or different, then deletes, each
  // with its uid, of what is gone; nothing at all where nothing differs. Of two records with one key the later counts.
  uint64_t Replace(std::vector<feed::v1::Record> records, absl::Time origin_time) ABSL_LOCKS_EXCLUDED(state_mutex_);

  // The cluster is known: what was appended so far is the whole of it. Replace says so too. What led there is
  // forgotten: nobody stands in the middle of it.
  void SetComplete() ABSL_LOCKS_EXCLUDED(state_mutex_, log_mutex_);

  // The source is not heard of; std::nullopt: it is again, and what it brought has been written.
  void SetSourceLoss(std::optional<SourceLoss> loss) ABSL_LOCKS_EXCLUDED(log_mutex_);

  // ---- for subscribers

  // nullptr while the source is heard of. Another object whenever that has changed.
  std::shared_ptr<const SourceLoss> source_loss() const ABSL_LOCKS_EXCLUDED(log_mutex_);

  // Whether the cluster is known: from the first Replace or SetComplete on. Before it there are no snapshots, for a log
  // that has not heard of the cluster yet must not tell anybody that it is empty.
  bool complete() const ABSL_LOCKS_EXCLUDED(log_mutex_);

  // Whether a subscriber that stands at `revision` can go on from there.
  bool Covers(uint64_t revision) const ABSL_LOCKS_EXCLUDED(log_mutex_);

  // The batch that follows `revision`: nullptr if none does yet, std::nullopt if the log does not cover `revision`.
  std::optional<EncodedMessage> BatchAfter(uint64_t revision) const ABSL_LOCKS_EXCLUDED(log_mutex_);

  // The cluster at a recent revision that the log covers; the same object for all who ask at about the same time.
  // Takes as long as the digest of the cluster (30 ms for 150,000 records). REQUIRES: complete().
  std::shared_ptr<const Snapshot> TakeSnapshot() ABSL_LOCKS_EXCLUDED(snapshot_mutex_, state_mutex_);

  // ---- for machines and people

  // How many records of that kind the cluster has.
  uint64_t CountOf(feed::v1::Key::Kind kind) const { return counts_[static_cast<size_t>(kind)]; }

  struct Change {
    uint64_t revision = 0;   // that brought the record as it is
    absl::Time origin_time;  // when the source had it so
  };
  // The last change of a record; std::nullopt if there is none of that key. Of one that came before SetComplete and has
  // stayed as it was, the change that made the cluster complete. Waits for a writer that is at work.
  std::optional<Change> LastChange(const feed::v1::KeyView& key) const ABSL_LOCKS_EXCLUDED(state_mutex_);

  // Calls `listener` after each write, on the writer's thread. One at a time; nullptr: none. When this returns, the
  // one before is not running and will not run again.
  void SetListener(std::function<void()> listener) ABSL_LOCKS_EXCLUDED(listener_mutex_);

 private:
  // What makes `records`, in order and each key once, of the table: upserts, then deletes.
  std::vector<feed::v1::Op> Difference(std::vector<feed::v1::Record> records) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_mutex_);
  // Writes batches of those operations that change something; the head after it.
  uint64_t Commit(std::vector<feed::v1::Op> ops, absl::Time origin_time) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_mutex_);
  // False if the operation changes nothing, or must not.
  bool Apply(const feed::v1::Op& op) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_mutex_);
  void Push(feed::v1::Batch batch, absl::Time origin_time) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_mutex_);
  // The revision before the oldest batch.
  uint64_t tail() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(log_mutex_) { return head_ - batches_.size(); }
  void Notify() ABSL_LOCKS_EXCLUDED(listener_mutex_);

  const Epoch epoch_;
  const FeedLogOptions options_;

  // Held by a writer for the whole of its change, and to copy the table for a snapshot.
  mutable absl::Mutex state_mutex_ ABSL_ACQUIRED_AFTER(snapshot_mutex_);
  RecordTable table_ ABSL_GUARDED_BY(state_mutex_);
  // Of table_'s records, by FingerprintOf; those that are not there came with first_change_.
  absl::flat_hash_map<uint64_t, Change> changes_ ABSL_GUARDED_BY(state_mutex_);
  Change first_change_ ABSL_GUARDED_BY(state_mutex_);
  std::array<std::atomic<uint64_t>, feed::v1::Key::Kind_ARRAYSIZE> counts_ = {};  // of table_'s records, by kind
  absl::Time origin_time_ ABSL_GUARDED_BY(state_mutex_) = absl::InfinitePast();

  // Held for moments only: the ends of the log.
  mutable absl::Mutex log_mutex_ ABSL_ACQUIRED_AFTER(state_mutex_);
  std::deque<EncodedMessage> batches_ ABSL_GUARDED_BY(log_mutex_);  // the last of them brought head_
  size_t bytes_ ABSL_GUARDED_BY(log_mutex_) = 0;                    // of batches_
  uint64_t head_ ABSL_GUARDED_BY(log_mutex_) = 0;
  bool complete_ ABSL_GUARDED_BY(log_mutex_) = false;
  std::shared_ptr<const SourceLoss> source_loss_ ABSL_GUARDED_BY(log_mutex_);

  // Held while a snapshot is made, so that those who ask meanwhile get the same one.
  absl::Mutex snapshot_mutex_;
  std::weak_ptr<const Snapshot> recent_snapshot_ ABSL_GUARDED_BY(snapshot_mutex_);

  absl::Mutex listener_mutex_;
  std::function<void()> listener_ ABSL_GUARDED_BY(listener_mutex_);
};

}  // namespace podnamed::controller
