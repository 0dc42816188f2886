#include "controller/feed/feed_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "proto/podnamed/feed/v1/feed_digest.h"
#include "proto/podnamed/feed/v1/feed_key.h"

namespace podnamed::controller {
namespace {

using feed::v1::Batch;
using feed::v1::Op;
using feed::v1::Record;
using feed::v1::SubscribeResponse;
using feed::v1::ViewOf;
using testing::ElementsAre;

const absl::Time kNoon = absl::FromUnixSeconds(1'800'000'000) + absl::Nanoseconds(5);

Record PodIdentity(const std::string& name, const std::string& uid, const std::string& zone = "") {
  Record record;
  record.mutable_pod_identity()->set_namespace_("default");
  record.mutable_pod_identity()->set_service("nginx");
  record.mutable_pod_identity()->set_name(name);
  record.mutable_pod_identity()->set_uid(uid);
  record.mutable_pod_identity()->set_zone(zone);
  return record;
}

Op Upsert(const Record& record) {
  Op op;
  *op.mutable_upsert() = record;
  return op;
}

Op Delete(const Record& record, const std::string& uid) {
  Op op;
  *op.mutable_delete_()->mutable_key() = KeyOf(record);
  op.mutable_delete_()->set_uid(uid);
  return op;
}

// "+default/nginx/web-0 uid" for an upsert, "-default/nginx/web-0 uid" for a delete.
std::vector<std::string> Changes(const Batch& batch) {
  std::vector<std::string> changes;
  for (const Op& op : batch.ops()) {
    if (op.has_upsert()) {
      changes.push_back("+" + op.upsert().pod_identity().name() + " " + op.upsert().pod_identity().uid());
    } else {
      changes.push_back("-" + op.delete_().key().name() + " " + op.delete_().uid());
    }
  }
  return changes;
}

class FeedLogTest : public testing::Test {
 protected:
  FeedLogTest() { log_.Replace({}, kNoon); }

  Batch BatchAfter(uint64_t revision) { return BatchAfter(log_, revision); }

  static Batch BatchAfter(const FeedLog& log, uint64_t revision) {
    const std::optional<EncodedMessage> message = log.BatchAfter(revision);
    if (!message || !*message) {
      ADD_FAILURE() << "no batch after " << revision;
      return {};
    }
    EXPECT_LE((*message)->size(), kMaxBatchBytes);
    SubscribeResponse response;
    EXPECT_TRUE(response.ParseFromString(**message));
    EXPECT_EQ(response.batch().previous_revision(), revision);
    EXPECT_EQ(response.batch().revision(), revision + 1);
    return response.batch();
  }

  FeedLog log_{RandomEpoch()};
};

TEST_F(FeedLogTest, EveryAppendIsARevisionWithItsTime) {
  EXPECT_EQ(log_.head(), 0);
  EXPECT_EQ(log_.Append({Upsert(PodIdentity("web-0", "a"))}, kNoon), 1);
  EXPECT_EQ(log_.Append({Upsert(PodIdentity("web-1", "b")), Upsert(PodIdentity("web-2", "c"))}, kNoon), 2);
  EXPECT_EQ(log_.head(), 2);
  EXPECT_THAT(Changes(BatchAfter(0)), ElementsAre("+web-0 a"));
  EXPECT_THAT(Changes(BatchAfter(1)), ElementsAre("+web-1 b", "+web-2 c"));
  EXPECT_EQ(BatchAfter(0).origin_time().seconds(), 1'800'000'000);
  EXPECT_EQ(BatchAfter(0).origin_time().nanos(), 5);
  EXPECT_EQ(log_.BatchAfter(2), EncodedMessage());
  EXPECT_EQ(log_.BatchAfter(3), std::nullopt);
}

TEST_F(FeedLogTest, WhatChangesNothingMakesNoBatch) {
  const Record web = PodIdentity("web-0", "a");
  log_.Append({Upsert(web)}, kNoon);
  EXPECT_EQ(log_.Append({}, kNoon), 1);
  EXPECT_EQ(log_.Append({Upsert(web)}, kNoon), 1);
  EXPECT_EQ(log_.Append({Delete(PodIdentity("web-1", ""), "")}, kNoon), 1);
  EXPECT_EQ(log_.Append({Op()}, kNoon), 1);
  EXPECT_EQ(log_.Append({Upsert(web), Upsert(PodIdentity("web-1", "b")), Delete(web, "other")}, kNoon), 2);
  EXPECT_THAT(Changes(BatchAfter(1)), ElementsAre("+web-1 b"));
}

TEST_F(FeedLogTest, ALateDeleteDoesNotEraseWhatTookItsPlace) {
  log_.Append({Upsert(PodIdentity("web-0", "old"))}, kNoon);
  log_.Append({Upsert(PodIdentity("web-0", "new"))}, kNoon);
  EXPECT_EQ(log_.Append({Delete(PodIdentity("web-0", ""), "old")}, kNoon), 2);
  EXPECT_EQ(log_.Append({Delete(PodIdentity("web-0", ""), "new")}, kNoon), 3);
  EXPECT_EQ(log_.Append({Upsert(PodIdentity("web-0", "newer"))}, kNoon), 4);
  EXPECT_EQ(log_.Append({Delete(PodIdentity("web-0", ""), "")}, kNoon), 5);
  EXPECT_THAT(Changes(BatchAfter(2)), ElementsAre("-web-0 new"));
  EXPECT_EQ(log_.TakeSnapshot()->records.size(), 0);
}

TEST_F(FeedLogTest, OperationsOfOneAppendAreAppliedInOrder) {
  const Record web = PodIdentity("web-0", "a");
  log_.Append({Upsert(web), Delete(web, "a"), Upsert(PodIdentity("web-0", "b"))}, kNoon);
  EXPECT_THAT(Changes(BatchAfter(0)), ElementsAre("+web-0 a", "-web-0 a", "+web-0 b"));
  EXPECT_EQ(log_.TakeSnapshot()->records.size(), 1);
}

TEST_F(FeedLogTest, ReplaceIsTheSmallestChange) {
  log_.Replace({PodIdentity("web-2", "c"), PodIdentity("web-0", "a"), PodIdentity("web-1", "b")}, kNoon);
  EXPECT_THAT(Changes(BatchAfter(0)), ElementsAre("+web-0 a", "+web-1 b", "+web-2 c"));
  const uint64_t head = log_.Replace(
      {PodIdentity("web-3", "d"), PodIdentity("web-1", "b", "elsewhere"), PodIdentity("web-2", "c")}, kNoon);
  EXPECT_EQ(head, 2);
  EXPECT_THAT(Changes(BatchAfter(1)), ElementsAre("+web-1 b", "+web-3 d", "-web-0 a"));
}

TEST_F(FeedLogTest, ReplaceByTheSameIsNothing) {
  const std::vector<Record> records = {PodIdentity("web-0", "a"), PodIdentity("web-1", "b")};
  EXPECT_EQ(log_.Replace(records, kNoon), 1);
  EXPECT_EQ(log_.Replace({records.rbegin(), records.rend()}, kNoon), 1);
}

TEST_F(FeedLogTest, OfTwoRecordsWithOneKeyTheLaterCounts) {
  EXPECT_EQ(log_.Replace({PodIdentity("web-0", "a"), PodIdentity("web-0", "b")}, kNoon), 1);
  EXPECT_THAT(Changes(BatchAfter(0)), ElementsAre("+web-0 b"));
  EXPECT_EQ(log_.Replace({PodIdentity("web-0", "b"), PodIdentity("web-0", "b")}, kNoon), 1);
}

TEST_F(FeedLogTest, WhatNobodyCouldTakeIsLeftOutAndTheLastGoodValueStays) {
  const Record good = PodIdentity("web-0", "a");
  log_.Replace({good}, kNoon);
  const Record large = PodIdentity("web-0", "a", std::string(kMaxRecordBytes, 'z'));
  const Record not_utf8 = PodIdentity("web-0", "a", "\xff\xfe");
  EXPECT_EQ(log_.Append({Upsert(large), Upsert(not_utf8), Upsert(Record())}, kNoon), 1);
  EXPECT_EQ(log_.Replace({large}, kNoon), 1);
  EXPECT_EQ(log_.TakeSnapshot()->records.Find(ViewOf(good)), good.SerializeAsString());
}

TEST_F(FeedLogTest, AChangeLargerThanABatchIsSeveral) {
  std::vector<Op> ops;
  for (int i = 0; i < 2000; ++i) {
    ops.push_back(Upsert(PodIdentity("web-" + std::to_string(i), "a", std::string(2000, 'z'))));
  }
  EXPECT_EQ(log_.Append(ops, kNoon), 4);
  size_t count = 0;
  for (uint64_t revision = 0; revision < 4; ++revision) {
    const Batch batch = BatchAfter(revision);
    for (const Op& op : batch.ops()) {
      EXPECT_EQ(op.upsert().pod_identity().name(), "web-" + std::to_string(count++));
    }
  }
  EXPECT_EQ(count, 2000);
}

TEST_F(FeedLogTest, ABatchOfTheLargestRecordsStaysWithinItsLimit) {
  std::vector<Op> ops;
  for (int i = 0; i < 100; ++i) {
    Record record = PodIdentity("web-" + std::to_string(i), "a");
    record.mutable_pod_identity()->set_zone(std::string(kMaxRecordBytes - record.ByteSizeLong() - 8, 'z'));
    ops.push_back(Upsert(record));
  }
  EXPECT_EQ(log_.Append(ops, kNoon), 7);
  for (uint64_t revision = 0; revision < 6; ++revision) EXPECT_EQ(BatchAfter(revision).ops_size(), 15);
}

TEST_F(FeedLogTest, KnowsWhenEachRecordLastChanged) {
  const Record web_0 = PodIdentity("web-0", "a");
  const Record web_1 = PodIdentity("web-1", "b");
  const absl::Time later = kNoon + absl::Seconds(7);
  log_.Append({Upsert(web_0)}, kNoon);
  log_.Append({Upsert(web_0), Upsert(web_1)}, later);  // of which web-0 changes nothing
  EXPECT_EQ(log_.LastChange(ViewOf(web_0))->revision, 1);
  EXPECT_EQ(log_.LastChange(ViewOf(web_0))->origin_time, kNoon);
  EXPECT_EQ(log_.LastChange(ViewOf(web_1))->revision, 2);
  EXPECT_EQ(log_.LastChange(ViewOf(web_1))->origin_time, later);
  log_.Append({Delete(web_1, "b")}, later);
  EXPECT_FALSE(log_.LastChange(ViewOf(web_1)).has_value());
  log_.Append({Upsert(web_1)}, later);
  EXPECT_EQ(log_.LastChange(ViewOf(web_1))->revision, 4);
  EXPECT_FALSE(log_.LastChange(ViewOf(PodIdentity("web-2", ""))).has_value());
}

TEST_F(FeedLogTest, AChangeOfSeveralBatchesIsKnownByTheOneThatBroughtIt) {
  std::vector<Op> ops;
  const std::string padding(60'000, 'x');
  for (int i = 0; i < 30; ++i) ops.push_back(Upsert(PodIdentity("web-" + std::to_string(i), "", padding)));
  ASSERT_EQ(log_.Append(std::move(ops), kNoon), 2);
  EXPECT_EQ(log_.LastChange(ViewOf(PodIdentity("web-0", "")))->revision, 1);
  EXPECT_EQ(log_.LastChange(ViewOf(PodIdentity("web-29", "")))->revision, 2);
  const Batch second = BatchAfter(1);
  const std::string& first_of_second = second.ops(0).upsert().pod_identity().name();
  EXPECT_EQ(log_.LastChange(ViewOf(PodIdentity(first_of_second, "")))->revision, 2);
}

TEST(FeedLog, KeepsAsManyBatchesAsItMay) {
  FeedLog log(RandomEpoch(), {.max_batches = 3});
  log.Replace({}, kNoon);
  for (int i = 0; i < 10; ++i) log.Append({Upsert(PodIdentity("web-0", std::to_string(i)))}, kNoon);
  EXPECT_FALSE(log.Covers(6));
  EXPECT_TRUE(log.Covers(7));
  EXPECT_TRUE(log.Covers(10));
  EXPECT_FALSE(log.Covers(11));
  EXPECT_EQ(log.BatchAfter(6), std::nullopt);
  EXPECT_NE(log.BatchAfter(7), EncodedMessage());
}

TEST(FeedLog, KeepsAsManyBytesAsItMayAndAlwaysTheNewestBatch) {
  FeedLog log(RandomEpoch(), {.max_bytes = 400});
  log.Replace({}, kNoon);
  for (int i = 0; i < 10; ++i) log.Append({Upsert(PodIdentity("web-" + std::to_string(i), "a", "z"))}, kNoon);
  EXPECT_FALSE(log.Covers(0));
  EXPECT_TRUE(log.Covers(5));
  log.Append({Upsert(PodIdentity("web-0", "a", std::string(5000, 'z')))}, kNoon);
  EXPECT_FALSE(log.Covers(9));
  EXPECT_TRUE(log.Covers(10));
}

TEST(FeedLog, IsCompleteFromTheFirstReplaceOn) {
  FeedLog log(RandomEpoch());
  log.Append({Upsert(PodIdentity("web-0", "a"))}, kNoon);
  EXPECT_FALSE(log.complete());
  EXPECT_FALSE(log.Covers(1));
  log.Replace({PodIdentity("web-0", "a")}, kNoon);
  EXPECT_TRUE(log.complete());
  EXPECT_TRUE(log.Covers(1));
}

TEST(FeedLog, IsCompleteWhenItsSourceSaysSo) {
  FeedLog log(RandomEpoch());
  log.Append({Upsert(PodIdentity("web-0", "a"))}, kNoon);
  int heard = 0;
  log.SetListener([&] { ++heard; });
  log.SetComplete();
  EXPECT_TRUE(log.complete());
  EXPECT_TRUE(log.Covers(1));
  EXPECT_EQ(log.head(), 1u);
  EXPECT_EQ(heard, 1);
}

TEST(FeedLog, ForgetsHowTheFirstStateCame) {
  FeedLog log(RandomEpoch());
  const Record web_0 = PodIdentity("web-0", "a");
  const Record web_1 = PodIdentity("web-1", "b");
  log.Append({Upsert(web_0)}, kNoon);
  log.Append({Upsert(web_1)}, kNoon + absl::Seconds(1));
  log.SetComplete();
  EXPECT_EQ(log.BatchAfter(1), std::nullopt);
  EXPECT_FALSE(log.Covers(1));
  EXPECT_EQ(log.LastChange(ViewOf(web_0))->revision, 2u);
  EXPECT_EQ(log.LastChange(ViewOf(web_0))->origin_time, kNoon + absl::Seconds(1));
  log.Append({Upsert(PodIdentity("web-0", "c"))}, kNoon + absl::Seconds(2));
  log.SetComplete();  // says nothing new
  EXPECT_EQ(log.LastChange(ViewOf(web_0))->revision, 3u);
  EXPECT_EQ(log.LastChange(ViewOf(web_1))->revision, 2u);
  EXPECT_TRUE(log.Covers(2));
}

TEST(FeedLog, EpochsDiffer) { EXPECT_NE(RandomEpoch(), RandomEpoch()); }

TEST_F(FeedLogTest, TellsItsListenerAfterEachWrite) {
  std::vector<uint64_t> heard;
  log_.SetListener([&] { heard.push_back(log_.head()); });
  log_.Append({Upsert(PodIdentity("web-0", "a"))}, kNoon);
  log_.Replace({PodIdentity("web-1", "b")}, kNoon);
  log_.SetListener(nullptr);
  log_.Append({Upsert(PodIdentity("web-0", "b"))}, kNoon);
  EXPECT_THAT(heard, ElementsAre(1, 2));
}

// ---- snapshots

std::vector<SubscribeResponse> MessagesOf(std::shared_ptr<const Snapshot> snapshot) {
  std::vector<SubscribeResponse> responses;
  SnapshotMessages messages(std::move(snapshot));
  while (!messages.done()) {
    const EncodedMessage message = messages.Next();
    EXPECT_LE(message->size(), kMaxPartBytes);
    EXPECT_TRUE(responses.emplace_back().ParseFromString(*message));
  }
  return responses;
}

TEST_F(FeedLogTest, ASnapshotOfNothingIsBeginAndEnd) {
  const std::vector<SubscribeResponse> messages = MessagesOf(log_.TakeSnapshot());
  ASSERT_EQ(messages.size(), 2);
  EXPECT_TRUE(messages[0].has_snapshot_begin());
  EXPECT_EQ(messages[0].snapshot_begin().revision(), 0);
  ASSERT_TRUE(messages[1].has_snapshot_end());
  EXPECT_EQ(messages[1].snapshot_end().count(), 0);
  EXPECT_EQ(messages[1].snapshot_end().digest(), feed::v1::SnapshotDigest().Finish());
  EXPECT_FALSE(messages[1].snapshot_end().has_origin_time());
}

TEST_F(FeedLogTest, ASnapshotIsInOrderAndInParts) {
  std::vector<Record> records;
  for (int i = 0; i < 3000; ++i) {
    const size_t padding = i % 100 == 0 ? 50000 : 200;
    records.push_back(PodIdentity("web-" + std::to_string(i), "a", std::string(padding, 'z')));
  }
  log_.Replace(records, kNoon);
  const auto snapshot = log_.TakeSnapshot();
  EXPECT_EQ(snapshot->revision, log_.head());
  const std::vector<SubscribeResponse> messages = MessagesOf(snapshot);
  std::vector<Record> received;
  feed::v1::SnapshotDigest digest;
  for (size_t i = 1; i + 1 < messages.size(); ++i) {
    ASSERT_TRUE(messages[i].has_snapshot_part());
    for (const Record& record : messages[i].snapshot_part().records()) {
      if (!received.empty()) {
        EXPECT_LT(ViewOf(received.back()), ViewOf(record));
      }
      received.push_back(record);
      digest.Add(record);
    }
  }
  EXPECT_GT(messages.size(), 8);
  EXPECT_EQ(received.size(), records.size());
  EXPECT_EQ(messages.back().snapshot_end().count(), records.size());
  EXPECT_EQ(messages.back().snapshot_end().digest(), digest.Finish());
  EXPECT_EQ(messages.back().snapshot_end().origin_time().seconds(), 1'800'000'000);
}

TEST_F(FeedLogTest, ASnapshotIsSharedWhileItLivesAndTheLogCoversIt) {
  FeedLog log(RandomEpoch(), {.max_batches = 2});
  log.Replace({PodIdentity("web-0", "a")}, kNoon);
  const auto first = log.TakeSnapshot();
  log.Append({Upsert(PodIdentity("web-0", "b"))}, kNoon);
  log.Append({Upsert(PodIdentity("web-0", "c"))}, kNoon);
  EXPECT_EQ(log.TakeSnapshot(), first);
  log.Append({Upsert(PodIdentity("web-0", "d"))}, kNoon);
  const auto second = log.TakeSnapshot();
  EXPECT_EQ(second->revision, 4);
  EXPECT_EQ(first->records.Find(ViewOf(PodIdentity("web-0", ""))), PodIdentity("web-0", "a").SerializeAsString());
}

TEST_F(FeedLogTest, SnapshotsTakenWhileWritersWriteAreConsistent) {
  // Every append gives web-0 and web-1 one uid: a torn snapshot would show two.
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 2; ++writer) {
    writers.emplace_back([this, writer] {
      for (int i = 0; i < 300; ++i) {
        const std::string uid = std::to_string(writer) + "-" + std::to_string(i);
        log_.Append({Upsert(PodIdentity("web-0", uid)), Upsert(PodIdentity("web-1", uid))}, kNoon);
      }
    });
  }
  uint64_t last = 0;
  while (log_.head() < 600) {
    const auto snapshot = log_.TakeSnapshot();
    EXPECT_GE(snapshot->revision, last);
    last = snapshot->revision;
    std::string uid;
    for (const SubscribeResponse& message : MessagesOf(snapshot)) {
      for (const Record& record : message.snapshot_part().records()) {
        if (uid.empty()) uid = record.pod_identity().uid();
        EXPECT_EQ(record.pod_identity().uid(), uid);
      }
    }
  }
  for (std::thread& writer : writers) writer.join();
}

}  // namespace
}  // namespace podnamed::controller
