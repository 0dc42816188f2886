#include "server/feed/feed_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "server/feed/test_messages.h"

namespace podnamed::feed {
namespace {

using ::testing::HasSubstr;

// A controller's side of the conversation, one verb a message.
class FeedSessionTest : public ::testing::Test {
 protected:
  void Dial(bool resume = true) {
    session_.reset();
    session_ = std::make_unique<FeedSession>(store_, resume ? store_.position() : std::nullopt, "node-1");
    hello_ = session_->NextReply().value();
  }

  absl::Status Receive(const v1::SubscribeResponse& message) { return session_->Receive(message); }
  absl::Status Receive(const std::string& text) { return session_->Receive(Parse<v1::SubscribeResponse>(text)); }
  // A whole snapshot with web-0 at 10.0.0.7, acknowledged.
  void Sync(uint64_t revision) {
    Dial(/*resume=*/false);
    ASSERT_TRUE(Receive(Welcome(kEpoch, revision, v1::SNAPSHOT)).ok());
    ASSERT_TRUE(Receive(Begin(revision)).ok());
    ASSERT_TRUE(Receive(Part({PodRecord("web-0", 7)})).ok());
    ASSERT_TRUE(Receive(End({PodRecord("web-0", 7)})).ok());
    ASSERT_EQ(NextAck(), revision);
  }

  std::optional<uint64_t> NextAck() {
    const std::optional<v1::SubscribeRequest> reply = session_->NextReply();
    if (!reply || !reply->has_ack()) return std::nullopt;
    return reply->ack().revision();
  }
  v1::Reject NextReject() { return session_->NextReply().value_or(v1::SubscribeRequest()).reject(); }

  // The address of an identity in the published state; "none" when there is none.
  std::string AddressOf(const std::string& name) {
    const state::Snapshot* snapshot = reader_.Current();
    const state::ServiceBlock* nginx = snapshot ? snapshot->FindService("default", "nginx") : nullptr;
    if (nginx == nullptr) return "none";
    const size_t i = nginx->IndexOfName(name);
    if (i == nginx->identity_count()) return "none";
    return base::IpAddress(nginx->identity(i).ipv4()[0]).ToString();
  }
  uint64_t PublishedRevision() { return store_.position().value_or(state::Position()).revision; }

  void ExpectViolation(const absl::Status& status, const std::string& text) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()), HasSubstr(text));
  }

  state::SnapshotHolder holder_;
  state::Store store_{holder_};
  state::SnapshotReader reader_{holder_};
  std::unique_ptr<FeedSession> session_;
  v1::SubscribeRequest hello_;
};

TEST_F(FeedSessionTest, SaysHelloFirstAndAsksForASnapshotWhenItHasNothing) {
  Dial();
  EXPECT_EQ(hello_.hello().node(), "node-1");
  EXPECT_FALSE(hello_.hello().has_resume());
  EXPECT_EQ(session_->NextReply(), std::nullopt);
}

TEST_F(FeedSessionTest, PublishesASnapshotAtItsEndThenAcknowledges) {
  const v1::Record space = Parse<v1::Record>("namespace { name: 'default' }");
  Dial();
  ASSERT_TRUE(Receive(Welcome(kEpoch, 5, v1::SNAPSHOT)).ok());
  ASSERT_TRUE(Receive(Begin(5)).ok());
  ASSERT_TRUE(Receive(Part({space, PodRecord("web-0", 7)})).ok());
  ASSERT_TRUE(Receive(Part({})).ok());
  ASSERT_TRUE(Receive(Part({PodRecord("web-1", 8)})).ok());
  EXPECT_EQ(reader_.Current(), nullptr);
  EXPECT_EQ(session_->NextReply(), std::nullopt);
  EXPECT_FALSE(session_->synced());
  ASSERT_TRUE(Receive(End({space, PodRecord("web-0", 7), PodRecord("web-1", 8)})).ok());
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.7");
  EXPECT_EQ(AddressOf("web-1"), "10.0.0.8");
  EXPECT_EQ(NextAck(), 5);
  EXPECT_EQ(session_->NextReply(), std::nullopt);
  EXPECT_TRUE(session_->synced());
  EXPECT_EQ(session_->snapshot_totals()->records, 3);
  EXPECT_EQ(session_->snapshot_totals()->rejected, 0);
}

TEST_F(FeedSessionTest, AppliesBatchesAndLetsOneAckSpeakForMany) {
  Sync(5);
  ASSERT_TRUE(Receive(BatchOf(5, 6, {PodRecord("web-1", 8)})).ok());
  EXPECT_EQ(AddressOf("web-1"), "10.0.0.8");
  ASSERT_TRUE(Receive(Batch(6, 7, R"(
    ops { delete { key { kind: POD_IDENTITY namespace: "default" service: "nginx" name: "web-0" } } })"))
                  .ok());
  EXPECT_EQ(AddressOf("web-0"), "none");
  EXPECT_EQ(NextAck(), 7);
  EXPECT_EQ(session_->NextReply(), std::nullopt);
}

TEST_F(FeedSessionTest, ALateDeleteDoesNotEraseWhatTookItsPlace) {
  Sync(5);
  v1::Record next_life = PodRecord("web-0", 9);
  next_life.mutable_pod_identity()->set_uid("u-2");
  ASSERT_TRUE(Receive(BatchOf(5, 6, {next_life})).ok());
  ASSERT_TRUE(Receive(Batch(6, 7, R"(ops { delete {
    key { kind: POD_IDENTITY namespace: "default" service: "nginx" name: "web-0" } uid: "u-1" } })"))
                  .ok());
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.9");
}

TEST_F(FeedSessionTest, ResumesWhereItsStateStands) {
  Sync(5);
  Dial();
  EXPECT_EQ(hello_.hello().resume().epoch(), kEpoch);
  EXPECT_EQ(hello_.hello().resume().revision(), 5);
  ASSERT_TRUE(Receive(Welcome(kEpoch, 6, v1::RESUME)).ok());
  EXPECT_FALSE(session_->synced());
  EXPECT_EQ(session_->NextReply(), std::nullopt);  // nothing new is visible yet
  ASSERT_TRUE(Receive(BatchOf(5, 6, {PodRecord("web-0", 9)})).ok());
  EXPECT_TRUE(session_->synced());
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.9");
  EXPECT_EQ(NextAck(), 6);
}

TEST_F(FeedSessionTest, IsSyncedAtOnceWhenNothingWasMissed) {
  Sync(5);
  Dial();
  ASSERT_TRUE(Receive(Welcome(kEpoch, 5, v1::RESUME)).ok());
  EXPECT_TRUE(session_->synced());
  EXPECT_EQ(session_->snapshot_totals(), std::nullopt);
}

TEST_F(FeedSessionTest, ANewEpochBringsASnapshotThatReplacesAll) {
  Sync(5);
  Dial();
  ASSERT_TRUE(Receive(Welcome(kOtherEpoch, 1, v1::SNAPSHOT)).ok());
  ASSERT_TRUE(Receive(Begin(1)).ok());
  ASSERT_TRUE(Receive(Part({PodRecord("web-1", 8)})).ok());
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.7");
  ASSERT_TRUE(Receive(End({PodRecord("web-1", 8)})).ok());
  EXPECT_EQ(AddressOf("web-0"), "none");
  EXPECT_EQ(AddressOf("web-1"), "10.0.0.8");
  EXPECT_EQ(store_.position(), (state::Position{*DecodeEpoch(kOtherEpoch), 1}));
  EXPECT_EQ(NextAck(), 1);
}

TEST_F(FeedSessionTest, ASnapshotBrokenOffLeavesTheOldState) {
  Sync(5);
  Dial();
  ASSERT_TRUE(Receive(Welcome(kOtherEpoch, 1, v1::SNAPSHOT)).ok());
  ASSERT_TRUE(Receive(Begin(1)).ok());
  ASSERT_TRUE(Receive(Part({PodRecord("web-0", 8)})).ok());
  session_.reset();
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.7");
  EXPECT_EQ(store_.position(), (state::Position{*DecodeEpoch(kEpoch), 5}));
}

TEST_F(FeedSessionTest, AResyncMayComeBetweenBatchesAndBeginAnew) {
  Sync(5);
  ASSERT_TRUE(Receive(Batch(5, 6)).ok());
  ASSERT_TRUE(Receive(Begin(9)).ok());
  ASSERT_TRUE(Receive(Part({PodRecord("web-0", 8)})).ok());
  ASSERT_TRUE(Receive(Begin(10)).ok());
  ASSERT_TRUE(Receive(Part({PodRecord("web-0", 9)})).ok());
  ASSERT_TRUE(Receive(End({PodRecord("web-0", 9)})).ok());
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.9");
  ASSERT_TRUE(Receive(Batch(10, 11)).ok());
  EXPECT_EQ(NextAck(), 11);
}

TEST_F(FeedSessionTest, ProgressAndMessagesOfALaterVersionChangeNothing) {
  Sync(5);
  EXPECT_TRUE(Receive("progress { head: 9 }").ok());
  EXPECT_TRUE(Receive("").ok());
  ASSERT_TRUE(Receive(Begin(6)).ok());
  EXPECT_TRUE(Receive("progress { head: 9 }").ok());
  EXPECT_EQ(session_->NextReply(), std::nullopt);
  EXPECT_EQ(store_.position()->revision, 5);
}

TEST_F(FeedSessionTest, AnInvalidRecordInABatchIsRejectedAlone) {
  Sync(5);
  ASSERT_TRUE(Receive(BatchOf(5, 6, {PodRecord("web-1", 8), BadRecord("web-0")})).ok());
  EXPECT_EQ(AddressOf("web-1"), "10.0.0.8");
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.7");
  const v1::Reject reject = NextReject();
  EXPECT_EQ(reject.revision(), 6);
  EXPECT_EQ(reject.key().name(), "web-0");
  EXPECT_EQ(reject.code(), v1::Reject::INVALID_RECORD);
  EXPECT_THAT(reject.message(), HasSubstr("hostname: found \"Web\""));
  EXPECT_EQ(NextAck(), 6);
}

TEST_F(FeedSessionTest, AnInvalidRecordInASnapshotKeepsItsLastGoodValue) {
  const std::vector<v1::Record> records = {BadRecord("web-0"), BadRecord("web-1"), PodRecord("web-2", 9), {}};
  Sync(5);
  ASSERT_TRUE(Receive(Begin(9)).ok());
  ASSERT_TRUE(Receive(Part(records)).ok());
  ASSERT_TRUE(Receive(End(records)).ok());
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.7");
  EXPECT_EQ(AddressOf("web-1"), "none");
  EXPECT_EQ(AddressOf("web-2"), "10.0.0.9");
  EXPECT_EQ(session_->snapshot_totals()->rejected, 3);
  EXPECT_EQ(NextReject().key().name(), "web-0");
  EXPECT_EQ(NextReject().key().name(), "web-1");
  EXPECT_EQ(NextReject().key().kind(), v1::Key::KIND_UNSPECIFIED);
  EXPECT_EQ(NextAck(), 9);
}

TEST_F(FeedSessionTest, AWrongDigestThrowsTheSnapshotAwayAndSaysSo) {
  Sync(5);
  ASSERT_TRUE(Receive(Begin(9)).ok());
  ASSERT_TRUE(Receive(Part({PodRecord("web-0", 8)})).ok());
  ExpectViolation(Receive(End({PodRecord("web-0", 9)})), "digest");
  const v1::Reject reject = NextReject();
  EXPECT_EQ(reject.revision(), 9);
  EXPECT_EQ(reject.code(), v1::Reject::DIGEST_MISMATCH);
  EXPECT_FALSE(reject.has_key());
  EXPECT_THAT(reject.message(), HasSubstr("digest"));
  EXPECT_EQ(session_->NextReply(), std::nullopt);
  session_.reset();
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.7");
}

TEST_F(FeedSessionTest, AWrongCountThrowsTheSnapshotAwayAndSaysSo) {
  Sync(5);
  ASSERT_TRUE(Receive(Begin(9)).ok());
  ASSERT_TRUE(Receive(Part({PodRecord("web-0", 8)})).ok());
  ExpectViolation(Receive(End({PodRecord("web-0", 8), PodRecord("web-1", 9)})), "2 records, 1 came");
  EXPECT_EQ(NextReject().code(), v1::Reject::DIGEST_MISMATCH);
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.7");
}

TEST_F(FeedSessionTest, KeysOfASnapshotAscendOverAllItsParts) {
  Sync(5);
  ASSERT_TRUE(Receive(Begin(9)).ok());
  ExpectViolation(Receive(Part({PodRecord("web-1", 8), PodRecord("web-0", 8)})),
                  "out of order: pod identity default/nginx/web-0");
  Sync(5);
  ASSERT_TRUE(Receive(Begin(9)).ok());
  ASSERT_TRUE(Receive(Part({PodRecord("web-0", 8)})).ok());
  ASSERT_TRUE(Receive(Part({})).ok());
  ExpectViolation(Receive(Part({PodRecord("web-0", 8)})), "out of order");
}

TEST_F(FeedSessionTest, AGapIsAViolation) {
  Sync(5);
  ExpectViolation(Receive(Batch(6, 7)), "7 builds on 6, but the state is at 5");
  Sync(5);
  ExpectViolation(Receive(Batch(4, 5)), "5 builds on 4, but the state is at 5");
  Sync(5);
  ExpectViolation(Receive(Batch(5, 7)), "leads from revision 5 to 7");
  EXPECT_EQ(session_->NextReply(), std::nullopt);
  EXPECT_EQ(store_.position()->revision, 5);
}

TEST_F(FeedSessionTest, AResumeThatIsNotOursIsAViolation) {
  Dial();
  ExpectViolation(Receive(Welcome(kEpoch, 5, v1::RESUME)), "we asked for a snapshot");
  Sync(5);
  Dial();
  ExpectViolation(Receive(Welcome(kOtherEpoch, 5, v1::RESUME)), "an epoch that is not ours");
  Dial();
  ExpectViolation(Receive(Welcome(kEpoch, 4, v1::RESUME)), "at revision 4, we are at 5");
}

TEST_F(FeedSessionTest, AMessageOutOfTurnIsAViolation) {
  Dial();
  ExpectViolation(Receive("progress { head: 1 }"), "not Welcome");
  Dial();
  ExpectViolation(Receive(Welcome(kEpoch.substr(1), 1, v1::SNAPSHOT)), "16 octets");
  Dial();
  ExpectViolation(Receive(Welcome(kEpoch, 1, v1::MODE_UNSPECIFIED)), "mode 0");
  Dial();
  ASSERT_TRUE(Receive(Welcome(kEpoch, 1, v1::SNAPSHOT)).ok());
  ExpectViolation(Receive(Batch(0, 1)), "a batch before the snapshot");
  Dial();
  ASSERT_TRUE(Receive(Welcome(kEpoch, 1, v1::SNAPSHOT)).ok());
  ExpectViolation(Receive(Part({})), "a part of a snapshot without its begin");
  Sync(5);
  ExpectViolation(Receive(Part({})), "a part of a snapshot without its begin");
  Sync(5);
  ExpectViolation(Receive(End({})), "the end of a snapshot without its begin");
  Sync(5);
  ExpectViolation(Receive(Welcome(kEpoch, 5, v1::SNAPSHOT)), "a second time");
  Sync(5);
  ASSERT_TRUE(Receive(Begin(6)).ok());
  ExpectViolation(Receive(Batch(5, 6)), "a batch inside a snapshot");
}

}  // namespace
}  // namespace podnamed::feed
