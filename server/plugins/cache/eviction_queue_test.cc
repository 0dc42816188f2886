#include "server/plugins/cache/eviction_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "server/testing/reply_builder.h"

namespace podnamed::plugins {
namespace {

using ::testing::ElementsAre;

// A queue whose entries are numbers: their hash.
class EvictionQueueTest : public ::testing::Test {
 protected:
  explicit EvictionQueueTest(size_t max_entries = 20) : queue_(max_entries, size_t{1} << 20) {}

  static CacheEntry::Owner MakeEntry(uint64_t number) {
    static const std::vector<uint8_t> reply =
        testing::MakeReply("a", dns::RecordType::kA, {.answer = {"a. 60 A 10.0.0.1"}});
    const auto view = dns::MessageView::Read(reply);
    const CacheVerdict verdict{.outcome = CacheOutcome::kStore, .ttl = 60, .kept_size = reply.size()};
    return CacheEntry::Make({.name = view->question_name(), .type = dns::RecordType::kA}, Hash(number), *view, verdict,
                            {});
  }
  static uint64_t Hash(uint64_t number) { return number * 0x9E3779B97F4A7C15; }

  // Asked for once: a hit, or a miss and an entry. True if it was a hit.
  bool Ask(uint64_t number) {
    if (const auto known = entries_.find(number); known != entries_.end()) {
      EvictionQueue::CountHit(*known->second);
      return true;
    }
    CacheEntry::Owner entry = MakeEntry(number);
    while (!queue_.HasRoomFor(entry->footprint())) Evict();
    queue_.Add(*entry);
    entries_.emplace(number, std::move(entry));
    return false;
  }
  void AskAll(uint64_t from, uint64_t to) {
    for (uint64_t number = from; number < to; ++number) Ask(number);
  }
  uint64_t Evict() {
    const CacheEntry* victim = queue_.TakeVictim();
    const auto known =
        std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) { return entry.second.get() == victim; });
    const uint64_t number = known->first;
    entries_.erase(known);
    return number;
  }
  size_t CountKnown(uint64_t from, uint64_t to) const {
    return static_cast<size_t>(std::distance(entries_.lower_bound(from), entries_.lower_bound(to)));
  }

  EvictionQueue queue_;
  std::map<uint64_t, CacheEntry::Owner> entries_;
};

TEST_F(EvictionQueueTest, WhatWasAskedOnceLeavesFirstInFirstOut) {
  AskAll(0, 4);
  EXPECT_EQ(queue_.entries(), 4u);
  std::vector<uint64_t> order;
  for (int i = 0; i < 4; ++i) order.push_back(Evict());
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(queue_.entries(), 0u);
  EXPECT_EQ(queue_.bytes(), 0u);
  EXPECT_EQ(queue_.TakeVictim(), nullptr);
}

TEST_F(EvictionQueueTest, WhatIsAskedAgainOutlivesWhatIsNot) {
  AskAll(0, 4);
  for (const uint64_t number : {0, 2}) {
    Ask(number);
    Ask(number);
  }
  std::vector<uint64_t> order;
  for (int i = 0; i < 4; ++i) order.push_back(Evict());
  EXPECT_THAT(order, ElementsAre(1, 3, 0, 2));
}

TEST_F(EvictionQueueTest, WhatComesBackSoonSkipsProbation) {
  AskAll(0, 20);
  EXPECT_EQ(Evict(), 0u);
  Ask(0);
  EXPECT_EQ(entries_.at(0)->queue, CacheEntry::Queue::kMain);
  EXPECT_EQ(Evict(), 1u);
  AskAll(1000, 1100);
  EXPECT_TRUE(Ask(0));
  Ask(1);
  EXPECT_EQ(entries_.at(1)->queue, CacheEntry::Queue::kSmall) << "that was too long ago";
}

TEST_F(EvictionQueueTest, StaleEntriesGoBeforeAllOthers) {
  AskAll(0, 4);
  Ask(2);
  Ask(2);
  queue_.SetAside(*entries_.at(3));
  queue_.SetAside(*entries_.at(2));
  queue_.SetAside(*entries_.at(2));
  EXPECT_EQ(queue_.entries(), 4u);
  std::vector<uint64_t> order;
  for (int i = 0; i < 4; ++i) order.push_back(Evict());
  EXPECT_THAT(order, ElementsAre(3, 2, 0, 1));
}

TEST_F(EvictionQueueTest, AReplacementInheritsMerits) {
  AskAll(0, 3);
  for (int i = 0; i < 2; ++i) {  // as if it expired and was asked for again
    CacheEntry::Owner entry = MakeEntry(0);
    queue_.Replace(*entries_.at(0), *entry);
    entries_.at(0) = std::move(entry);
  }
  EXPECT_EQ(queue_.entries(), 3u);
  std::vector<uint64_t> order;
  for (int i = 0; i < 3; ++i) order.push_back(Evict());
  EXPECT_THAT(order, ElementsAre(1, 2, 0));
}

TEST_F(EvictionQueueTest, BytesAreBoundedToo) {
  const size_t footprint = MakeEntry(0)->footprint();
  EvictionQueue queue(100, 10 * footprint + 1);
  std::vector<CacheEntry::Owner> entries;
  while (queue.HasRoomFor(footprint)) queue.Add(*entries.emplace_back(MakeEntry(entries.size())));
  EXPECT_EQ(queue.entries(), 10u);
  EXPECT_EQ(queue.bytes(), 10 * footprint);
  EXPECT_FALSE(queue.IsTooLarge(footprint));
  EXPECT_TRUE(queue.IsTooLarge(3 * footprint));
  EXPECT_TRUE(EvictionQueue(0, 1000000).IsTooLarge(footprint));
}

class LargeEvictionQueueTest : public EvictionQueueTest {
 protected:
  LargeEvictionQueueTest() : EvictionQueueTest(1000) {}
};

TEST_F(LargeEvictionQueueTest, AScanDoesNotPushOutWhatIsInUse) {
  constexpr uint64_t kInUse = 500;
  for (int round = 0; round < 4; ++round) AskAll(0, kInUse);
  // Names that come once: twenty times what there is room for, while the others go on at a hundredth of that rate.
  for (uint64_t scanned = 0; scanned < 20000; ++scanned) {
    Ask(1'000'000 + scanned);
    if (scanned % 100 == 0) Ask(scanned / 100);
  }
  EXPECT_EQ(CountKnown(0, kInUse), kInUse);
  EXPECT_LE(queue_.entries(), 1000u);
}

TEST_F(LargeEvictionQueueTest, WhatIsNoLongerInUseLeaves) {
  for (int round = 0; round < 4; ++round) AskAll(0, 900);
  for (int round = 0; round < 8; ++round) AskAll(10000, 10900);
  EXPECT_GT(CountKnown(10000, 10900), 800u);
}

}  // namespace
}  // namespace podnamed::plugins
