#include "controller/feed/feed_log.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "absl/hash/hash.h"
#include "proto/podnamed/feed/v1/feed_digest.h"
#include "proto/podnamed/feed/v1/feed_key.h"
#include "server/base/log.h"

namespace podnamed::controller {
namespace {

using feed::v1::Batch;
using feed::v1::KeyText;
using feed::v1::KeyView;
using feed::v1::Op;
using feed::v1::Record;
using feed::v1::UidOf;
using feed::v1::ViewOf;
using feed::v1::ViewOfEncoded;

// What a Batch holds beside its operations: revisions, time, and the frame of the message around it. And an operation
// beside itself: its tag and its length.
constexpr size_t kBatchFrame = 64;
constexpr size_t kOpFrame = 8;

// Why no subscriber could take a record; empty if they can.
std::string_view Unfit(const Record& record, const std::string& encoded) {
  if (ViewOf(record).kind == feed::v1::Key::KIND_UNSPECIFIED) return "it holds nothing";
  if (encoded.size() > kMaxRecordBytes) return "it is larger than 64 KiB";
  // A string that is not UTF-8 can be written but not read: it would end the stream of every subscriber, again and
  // again.
  if (!Record().ParseFromString(encoded)) return "a string in it is not UTF-8";
  return {};
}

// Stands for a key where its text would cost more than what is kept of it. That two of a cluster's keys share one of 64
// bits is as good as never, and then a person is told the wrong revision.
uint64_t FingerprintOf(const KeyView& key) { return absl::HashOf(key.kind, key.namespace_name, key.service, key.name); }

Record Decode(std::string_view encoded) {
  Record record;
  record.ParseFromArray(encoded.data(), static_cast<int>(encoded.size()));
  return record;
}

}  // namespace

Epoch RandomEpoch() {
  Epoch epoch;
  // Without randomness two lives could share a name, and a resumed stream would mix them.
  if (RAND_bytes(epoch.data(), static_cast<int>(epoch.size())) != 1) std::abort();
  return epoch;
}

FeedLog::FeedLog(const Epoch& epoch, FeedLogOptions options) : epoch_(epoch), options_(options) {}

uint64_t FeedLog::Append(std::vector<Op> ops, absl::Time origin_time) {
  uint64_t revision = 0;
  {
    absl::MutexLock lock(&state_mutex_);
    revision = Commit(std::move(ops), origin_time);
  }
  Notify();
  return revision;
}

uint64_t FeedLog::Replace(std::vector<Record> records, absl::Time origin_time) {
  const auto before = [](const Record& a, const Record& b) { return ViewOf(a) < ViewOf(b); };
  const auto same = [](const Record& a, const Record& b) { return ViewOf(a) == ViewOf(b); };
  std::stable_sort(records.begin(), records.end(), before);
  // Backwards, so that the later one stays.
  records.erase(records.begin(), std::unique(records.rbegin(), records.rend(), same).base());

  uint64_t revision = 0;
  {
    absl::MutexLock lock(&state_mutex_);
    revision = Commit(Difference(std::move(records)), origin_time);
    absl::MutexLock log_lock(&log_mutex_);
    complete_ = true;
  }
  Notify();
  return revision;
}

void FeedLog::SetComplete() {
  {
    absl::MutexLock lock(&state_mutex_);
    if (!complete()) {
      first_change_ = {head(), origin_time_};
      changes_ = {};
      absl::MutexLock log_lock(&log_mutex_);
      complete_ = true;
      batches_ = {};
      bytes_ = 0;
    }
  }
  Notify();
}

void FeedLog::SetSourceLoss(std::optional<SourceLoss> loss) {
  {
    absl::MutexLock lock(&log_mutex_);
    source_loss_ = loss ? std::make_shared<const SourceLoss>(*std::move(loss)) : nullptr;
  }
  Notify();
}

std::shared_ptr<const SourceLoss> FeedLog::source_loss() const {
  absl::MutexLock lock(&log_mutex_);
  return source_loss_;
}

// Walks through what is and what shall be side by side.
std::vector<Op> FeedLog::Difference(std::vector<Record> records) const {
  std::vector<Op> upserts;
  std::vector<Op> deletes;
  auto next = records.begin();
  const auto upsert = [&](Record& record) { *upserts.emplace_back().mutable_upsert() = std::move(record); };
  for (const RecordTable::Chunk& chunk : table_.chunks()) {
    RecordReader current(*chunk);
    while (current.Next()) {
      const KeyView key = ViewOfEncoded(current.record());
      while (next != records.end() && ViewOf(*next) < key) upsert(*next++);
      if (next != records.end() && ViewOf(*next) == key) {
        if (next->SerializeAsString() != current.record()) upsert(*next);
        ++next;
      } else {
        const Record gone = Decode(current.record());
        feed::v1::Delete& deletion = *deletes.emplace_back().mutable_delete_();
        *deletion.mutable_key() = KeyOf(gone);
        deletion.set_uid(UidOf(gone));
      }
    }
  }
  while (next != records.end()) upsert(*next++);
  std::move(deletes.begin(), deletes.end(), std::back_inserter(upserts));
  return upserts;
}

uint64_t FeedLog::Commit(std::vector<Op> ops, absl::Time origin_time) {
  Batch batch;
  size_t bytes = kBatchFrame;
  for (Op& op : ops) {
    if (!Apply(op)) continue;
    const size_t op_bytes = op.ByteSizeLong() + kOpFrame;
    if (bytes + op_bytes > kMaxBatchBytes) {
      Push(std::exchange(batch, Batch()), origin_time);
      bytes = kBatchFrame;
    }
    if (op.has_upsert()) changes_[FingerprintOf(ViewOf(op.upsert()))] = {head() + 1, origin_time};
    *batch.add_ops() = std::move(op);
    bytes += op_bytes;
  }
  if (batch.ops_size() > 0) Push(std::move(batch), origin_time);
  return head();
}

bool FeedLog::Apply(const Op& op) {
  switch (op.op_case()) {
    case Op::kUpsert: {
      const std::string encoded = op.upsert().SerializeAsString();
      const std::optional<std::string_view> current = table_.Find(ViewOf(op.upsert()));
      if (current == encoded) return false;
      if (const std::string_view why = Unfit(op.upsert(), encoded); !why.empty()) {
        base::LogWarning("feed", "{} is left out, what was there before stays: {}", KeyText(ViewOf(op.upsert())), why);
        return false;
      }
      if (!current) ++counts_[static_cast<size_t>(ViewOf(op.upsert()).kind)];
      table_.Put(encoded);
      return true;
    }
    case Op::kDelete: {
      const KeyView key = ViewOf(op.delete_().key());
      const std::optional<std::string_view> current = table_.Find(key);
      if (!current) return false;
      if (!op.delete_().uid().empty() && op.delete_().uid() != UidOf(Decode(*current))) return false;
      changes_.erase(FingerprintOf(key));
      --counts_[static_cast<size_t>(key.kind)];
      return table_.Erase(key);
    }
    case Op::OP_NOT_SET:
      return false;
  }
  return false;
}

void FeedLog::Push(Batch batch, absl::Time origin_time) {
  origin_time_ = std::max(origin_time_, origin_time);
  const uint64_t previous = head();  // moved by writers alone, and we are the one
  batch.set_previous_revision(previous);
  batch.set_revision(previous + 1);
  *batch.mutable_origin_time() = ToTimestamp(origin_time);
  feed::v1::SubscribeResponse response;
  *response.mutable_batch() = std::move(batch);
  EncodedMessage message = Encode(response);

  absl::MutexLock lock(&log_mutex_);
  bytes_ += message->size();
  batches_.push_back(std::move(message));
  ++head_;
  while (batches_.size() > 1 && (batches_.size() > options_.max_batches || bytes_ > options_.max_bytes)) {
    bytes_ -= batches_.front()->size();
    batches_.pop_front();
  }
}

std::optional<FeedLog::Change> FeedLog::LastChange(const KeyView& key) const {
  absl::MutexLock lock(&state_mutex_);
  const auto change = changes_.find(FingerprintOf(key));
  if (!table_.Find(key)) return std::nullopt;
  return change == changes_.end() ? first_change_ : change->second;
}

void FeedLog::Notify() {
  absl::MutexLock lock(&listener_mutex_);
  if (listener_) listener_();
}

void FeedLog::SetListener(std::function<void()> listener) {
  absl::MutexLock lock(&listener_mutex_);
  listener_ = std::move(listener);
}

uint64_t FeedLog::head() const {
  absl::MutexLock lock(&log_mutex_);
  return head_;
}

bool FeedLog::complete() const {
  absl::MutexLock lock(&log_mutex_);
  return complete_;
}

bool FeedLog::Covers(uint64_t revision) const {
  absl::MutexLock lock(&log_mutex_);
  return complete_ && tail() <= revision && revision <= head_;
}

std::optional<EncodedMessage> FeedLog::BatchAfter(uint64_t revision) const {
  absl::MutexLock lock(&log_mutex_);
  if (revision < tail() || revision > head_) return std::nullopt;
  return revision == head_ ? nullptr : batches_[static_cast<size_t>(revision - tail())];
}

std::shared_ptr<const Snapshot> FeedLog::TakeSnapshot() {
  absl::MutexLock making(&snapshot_mutex_);
  if (std::shared_ptr<const Snapshot> recent = recent_snapshot_.lock(); recent && Covers(recent->revision)) {
    return recent;
  }
  const auto snapshot = std::make_shared<Snapshot>();
  {
    absl::MutexLock lock(&state_mutex_);
    snapshot->revision = head();
    snapshot->records = table_;
    snapshot->origin_time = origin_time_;
  }
  feed::v1::SnapshotDigest digest;
  for (const RecordTable::Chunk& chunk : snapshot->records.chunks()) {
    RecordReader reader(*chunk);
    while (reader.Next()) digest.AddEncoded(reader.record());
  }
  snapshot->digest = digest.Finish();
  recent_snapshot_ = snapshot;
  return snapshot;
}

}  // namespace podnamed::controller
