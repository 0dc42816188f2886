#include "controller/feed/test_subscriber.h"

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <array>

namespace podnamed::controller {
namespace {

using feed::v1::Batch;
using feed::v1::Op;
using feed::v1::Position;
using feed::v1::Record;
using feed::v1::SnapshotEnd;
using feed::v1::SnapshotPart;
using feed::v1::SubscribeRequest;
using feed::v1::SubscribeResponse;

constexpr uint64_t kMaxBatch = 1 << 20;
constexpr uint64_t kMaxPart = 256 << 10;

std::string Sha256(const std::string& octets) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(octets.data()), octets.size(), digest.data());
  return {digest.begin(), digest.end()};
}

const std::string& UidOf(const Record& record) {
  if (record.has_namespace_()) return record.namespace_().uid();
  if (record.has_service()) return record.service().uid();
  if (record.has_pod_identity()) return record.pod_identity().uid();
  return record.pod().uid();
}

}  // namespace

TestSubscriber::Key TestSubscriber::KeyOf(const Record& record) {
  if (record.has_namespace_()) return {1, "", "", record.namespace_().name()};
  if (record.has_service()) return {2, record.service().namespace_(), "", record.service().name()};
  if (record.has_pod_identity()) {
    return {3, record.pod_identity().namespace_(), record.pod_identity().service(), record.pod_identity().name()};
  }
  return {4, record.pod().namespace_(), "", record.pod().name()};
}

TestSubscriber::TestSubscriber(const std::shared_ptr<grpc::Channel>& channel, absl::Duration patience)
    : stub_(feed::v1::Feed::NewStub(channel)) {
  context_.set_deadline(absl::ToChronoTime(absl::Now() + patience));
  context_.set_wait_for_ready(true);
  stream_ = stub_->Subscribe(&context_);
}

TestSubscriber::~TestSubscriber() {
  Cancel();
  if (stream_) Finish();
}

void TestSubscriber::Hello(std::optional<Position> resume, const std::string& node) {
  SubscribeRequest request;
  request.mutable_hello()->set_node(node);
  request.mutable_hello()->add_features("a feature of the future");
  if (resume) *request.mutable_hello()->mutable_resume() = *resume;
  if (resume) epoch_ = resume->epoch();
  if (resume) revision_ = resume->revision();
  stream_->Write(request);
}

void TestSubscriber::Ack(uint64_t revision) {
  SubscribeRequest request;
  request.mutable_ack()->set_revision(revision);
  stream_->Write(request);
}

std::optional<SubscribeResponse> TestSubscriber::Read() {
  SubscribeResponse response;
  if (!stream_->Read(&response)) return std::nullopt;
  TakeIn(response);
  return response;
}

bool TestSubscriber::ReadUntil(uint64_t revision) {
  while (!placed_ || in_snapshot_ || revision_ < revision) {
    if (!Read()) return false;
  }
  return true;
}

grpc::Status TestSubscriber::Finish() {
  SubscribeResponse response;
  while (stream_->Read(&response)) {
  }
  const grpc::Status status = stream_->Finish();
  stream_.reset();
  return status;
}

Position TestSubscriber::position() const {
  Position position;
  position.set_epoch(epoch_);
  position.set_revision(revision_);
  return position;
}

void TestSubscriber::TakeIn(const SubscribeResponse& response) {
  octets_ += response.ByteSizeLong();
  EXPECT_EQ(response.has_welcome(), !welcomed_) << "Welcome comes first, and once";
  switch (response.message_case()) {
    case SubscribeResponse::kWelcome:
      welcomed_ = true;
      mode_ = response.welcome().mode();
      EXPECT_EQ(response.welcome().epoch().size(), 16);
      placed_ = mode_ == feed::v1::RESUME;
      if (placed_) {
        EXPECT_EQ(response.welcome().epoch(), epoch_);
        EXPECT_GE(response.welcome().head(), revision_);
      }
      epoch_ = response.welcome().epoch();
      break;
    case SubscribeResponse::kSnapshotBegin:
      EXPECT_FALSE(in_snapshot_);
      in_snapshot_ = true;
      incoming_revision_ = response.snapshot_begin().revision();
      if (placed_) {
        EXPECT_GT(incoming_revision_, revision_) << "a snapshot goes back";
      }
      incoming_.clear();
      digested_.clear();
      break;
    case SubscribeResponse::kSnapshotPart:
      EXPECT_LE(response.ByteSizeLong(), kMaxPart);
      TakeIn(response.snapshot_part());
      break;
    case SubscribeResponse::kSnapshotEnd:
      TakeIn(response.snapshot_end());
      break;
    case SubscribeResponse::kBatch:
      EXPECT_LE(response.ByteSizeLong(), kMaxBatch);
      TakeIn(response.batch());
      break;
    case SubscribeResponse::kProgress:
      EXPECT_FALSE(in_snapshot_) << "Progress inside a snapshot";
      EXPECT_GE(response.progress().head(), revision_);
      ++progresses_;
      break;
    case SubscribeResponse::MESSAGE_NOT_SET:
      ADD_FAILURE() << "a message that holds nothing";
  }
}

void TestSubscriber::TakeIn(const SnapshotPart& part) {
  EXPECT_TRUE(in_snapshot_);
  for (const Record& record : part.records()) {
    const std::string octets = record.SerializeAsString();
    const Key key = KeyOf(record);
    if (!incoming_.empty()) {
      EXPECT_LT(incoming_.rbegin()->first, key) << "out of order";
    }
    for (int shift = 24; shift >= 0; shift -= 8) digested_ += static_cast<char>(octets.size() >> shift);
    digested_ += octets;
    incoming_.emplace_hint(incoming_.end(), key, octets);
  }
}

void TestSubscriber::TakeIn(const SnapshotEnd& end) {
  EXPECT_TRUE(in_snapshot_);
  EXPECT_EQ(end.count(), incoming_.size());
  EXPECT_EQ(end.digest(), Sha256(digested_));
  in_snapshot_ = false;
  placed_ = true;
  state_ = std::move(incoming_);
  revision_ = incoming_revision_;
  ++snapshots_;
  batches_ = 0;
}

void TestSubscriber::TakeIn(const Batch& batch) {
  EXPECT_TRUE(placed_);
  EXPECT_FALSE(in_snapshot_);
  EXPECT_EQ(batch.previous_revision(), revision_) << "a gap";
  EXPECT_EQ(batch.revision(), batch.previous_revision() + 1);
  EXPECT_TRUE(batch.has_origin_time());
  EXPECT_FALSE(batch.ops().empty());
  for (const Op& op : batch.ops()) {
    if (op.has_upsert()) {
      state_[KeyOf(op.upsert())] = op.upsert().SerializeAsString();
      continue;
    }
    const feed::v1::Key& key = op.delete_().key();
    const auto found = state_.find({key.kind(), key.namespace_(), key.service(), key.name()});
    if (found == state_.end()) {
      // A stream that resumes brings batches to a state that this test does not hold.
      EXPECT_EQ(snapshots_, 0) << "a delete of what is not there";
      continue;
    }
    Record record;
    record.ParseFromString(found->second);
    EXPECT_EQ(op.delete_().uid(), UidOf(record)) << "a delete of another life";
    state_.erase(found);
  }
  revision_ = batch.revision();
  ++batches_;
}

}  // namespace podnamed::controller
