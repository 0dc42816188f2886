#include "server/feed/feed_session.h"

#include <fmt/format.h>

#include <utility>

#include "proto/podnamed/feed/v1/feed_key.h"
#include "server/base/status.h"

namespace podnamed::feed {
namespace {

absl::Status Violation(const std::string& what) { return absl::FailedPreconditionError(what); }

}  // namespace

FeedSession::FeedSession(state::Store& store, const std::optional<state::Position>& resume, std::string_view node)
    : store_(store), resume_(resume) {
  v1::Hello& hello = *replies_.emplace_back().mutable_hello();
  hello.set_node(std::string(node));
  if (resume) {
    hello.mutable_resume()->set_epoch(resume->epoch.data(), resume->epoch.size());
    hello.mutable_resume()->set_revision(resume->revision);
  }
}

FeedSession::~FeedSession() {
  if (phase_ == Phase::kSnapshot) store_.AbandonSnapshot();
}

absl::Status FeedSession::Receive(const v1::SubscribeResponse& message) {
  if (!welcomed() && message.message_case() != v1::SubscribeResponse::kWelcome) {
    return Violation("the controller's first message is not Welcome");
  }
  switch (message.message_case()) {
    case v1::SubscribeResponse::kWelcome:
      return OnWelcome(message.welcome());
    case v1::SubscribeResponse::kSnapshotBegin:
      return OnSnapshotBegin(message.snapshot_begin());
    case v1::SubscribeResponse::kSnapshotPart:
      return OnSnapshotPart(message.snapshot_part());
    case v1::SubscribeResponse::kSnapshotEnd:
      return OnSnapshotEnd(message.snapshot_end());
    case v1::SubscribeResponse::kBatch:
      return OnBatch(message.batch());
    case v1::SubscribeResponse::kProgress:
      store_.Reclaim();
      return absl::OkStatus();
    case v1::SubscribeResponse::MESSAGE_NOT_SET:  // of a later version: ignored, as all unknown fields are
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

std::optional<v1::SubscribeRequest> FeedSession::NextReply() {
  std::optional<v1::SubscribeRequest> reply;
  if (!replies_.empty()) {
    reply = std::move(replies_.front());
    replies_.pop_front();
  } else if (ack_) {
    reply.emplace().mutable_ack()->set_revision(*ack_);
    ack_.reset();
  }
  return reply;
}

std::optional<SnapshotTotals> FeedSession::snapshot_totals() const {
  if (!snapshot_) return std::nullopt;
  return snapshot_->totals;
}

absl::Status FeedSession::OnWelcome(const v1::Welcome& welcome) {
  if (welcomed()) return Violation("the controller says Welcome a second time");
  const std::optional<std::array<uint8_t, 16>> epoch = DecodeEpoch(welcome.epoch());
  if (!epoch) return Violation("the epoch in Welcome is not 16 octets, or all zero");
  epoch_ = *epoch;
  welcome_head_ = welcome.head();
  switch (welcome.mode()) {
    case v1::SNAPSHOT:
      phase_ = Phase::kSnapshotDue;
      return absl::OkStatus();
    case v1::RESUME:
      if (!resume_) return Violation("the controller resumes, but we asked for a snapshot");
      if (epoch_ != resume_->epoch) return Violation("the controller resumes in an epoch that is not ours");
      if (welcome_head_ < resume_->revision) {
        return Violation(
            fmt::format("the controller resumes at revision {}, we are at {}", welcome_head_, resume_->revision));
      }
      phase_ = Phase::kLive;
      synced_ = welcome_head_ == resume_->revision;
      return absl::OkStatus();
    default:
      return Violation(fmt::format("mode {} in Welcome is not one we know", static_cast<int>(welcome.mode())));
  }
}

absl::Status FeedSession::OnSnapshotBegin(const v1::SnapshotBegin& begin) {
  phase_ = Phase::kSnapshot;
  snapshot_ = Snapshot{.revision = begin.revision(), .totals = {}, .last_key = {}, .digest = {}};
  store_.BeginSnapshot({epoch_, begin.revision()});
  return absl::OkStatus();
}

absl::Status FeedSession::OnSnapshotPart(const v1::SnapshotPart& part) {
  if (phase_ != Phase::kSnapshot) return Violation("a part of a snapshot without its begin");
  v1::KeyView last = v1::ViewOf(snapshot_->last_key);
  const v1::Record* last_record = nullptr;
  for (const v1::Record& record : part.records()) {
    snapshot_->digest.Add(record);
    const v1::KeyView key = v1::ViewOf(record);
    if (key.kind == v1::Key::KIND_UNSPECIFIED) continue;  // has no place in the order, and is rejected below
    if (key <= last) {
      return Violation(fmt::format("a snapshot out of order: {} after {}", v1::KeyText(key), v1::KeyText(last)));
    }
    last = key;
    last_record = &record;
  }
  if (last_record != nullptr) snapshot_->last_key = v1::KeyOf(*last_record);

  DecodedPart decoded = DecodePart(part);
  snapshot_->totals.records += static_cast<uint64_t>(part.records_size());
  snapshot_->totals.rejected += decoded.rejections.size();
  store_.AddToSnapshot(std::move(decoded.entities));
  for (const Rejection& rejection : decoded.rejections) {
    if (const auto key = DecodeKey(rejection.key); key.ok()) store_.KeepInSnapshot(*key);
  }
  Reject(snapshot_->revision, std::move(decoded.rejections));
  return absl::OkStatus();
}

absl::Status FeedSession::OnSnapshotEnd(const v1::SnapshotEnd& end) {
  if (phase_ != Phase::kSnapshot) return Violation("the end of a snapshot without its begin");
  const uint64_t records = snapshot_->totals.records;
  std::string mismatch;
  if (end.count() != records) {
    mismatch = fmt::format("the snapshot should have {} records, {} came", end.count(), records);
  } else if (end.digest() != snapshot_->digest.Finish()) {
    mismatch = fmt::format("the digest of the snapshot's {} records is not the one at its end", records);
  }
  if (!mismatch.empty()) {
    v1::Reject& reject = *replies_.emplace_back().mutable_reject();
    reject.set_revision(snapshot_->revision);
    reject.set_code(v1::Reject::DIGEST_MISMATCH);
    reject.set_message(mismatch);
    return Violation(mismatch);
  }
  store_.CommitSnapshot(DecodeTime(end.origin_time()));
  phase_ = Phase::kLive;
  AfterPublication(snapshot_->revision);
  return absl::OkStatus();
}

absl::Status FeedSession::OnBatch(const v1::Batch& batch) {
  if (phase_ == Phase::kSnapshot) return Violation("a batch inside a snapshot");
  if (phase_ != Phase::kLive) return Violation("a batch before the snapshot that Welcome promised");
  if (batch.revision() != batch.previous_revision() + 1) {
    return Violation(fmt::format("a batch leads from revision {} to {}", batch.previous_revision(), batch.revision()));
  }
  DecodedBatch decoded = DecodeBatch(batch);
  RETURN_IF_ERROR(store_.Apply(std::move(decoded.delta)));
  Reject(batch.revision(), std::move(decoded.rejections));
  AfterPublication(batch.revision());
  return absl::OkStatus();
}

void FeedSession::Reject(uint64_t revision, std::vector<Rejection> rejections) {
  for (Rejection& rejection : rejections) {
    v1::Reject& reject = *replies_.emplace_back().mutable_reject();
    reject.set_revision(revision);
    *reject.mutable_key() = std::move(rejection.key);
    reject.set_code(v1::Reject::INVALID_RECORD);
    reject.set_message(std::move(rejection.message));
  }
}

void FeedSession::AfterPublication(uint64_t revision) {
  ack_ = revision;
  if (revision >= welcome_head_) synced_ = true;
}

}  // namespace podnamed::feed
