// Workers meet in one store: whatever they do at once, a hit is one whole reply that somebody stored.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/plugins/cache/cache_store.h"
#include "server/testing/reply_builder.h"

namespace podnamed::plugins {
namespace {

using dns::RecordType;
using std::chrono::seconds;

struct Stored {
  dns::Name name;
  std::vector<std::vector<uint8_t>> replies;  // an answer of five addresses that are alike, and a denial
};

constexpr size_t kAnswers = 20;

Stored MakeStored(int number) {
  const std::string name = absl::StrCat("h", number, ".org");
  Stored stored{dns::Name::FromText(name).value(), {}};
  for (int address = 0; address < static_cast<int>(kAnswers); ++address) {
    testing::ReplyParts parts;
    for (int i = 0; i < 5; ++i) parts.answer.push_back(absl::StrCat(name, ". 30 A 10.0.0.", address));
    stored.replies.push_back(testing::MakeReply(name, RecordType::kA, parts));
  }
  stored.replies.push_back(testing::MakeReply(
      name, RecordType::kA, {.rcode = dns::Rcode::kNxDomain, .authority = {"org. 10 SOA a. b. 1 2 3 4 5"}}));
  return stored;
}

// One stored reply, and all of it: addresses and TTLs are alike.
void ExpectWhole(const Stored& stored, const CacheHit& hit, absl::Span<const uint8_t> buffer) {
  const auto view = dns::MessageView::Read(buffer.first(hit.size));
  ASSERT_TRUE(view.has_value());
  ASSERT_EQ(view->question_name(), stored.name.wire());
  ASSERT_EQ(view->count(dns::Section::kAnswer), hit.kind == CacheKind::kSuccess ? 5u : 0u);
  int address = -1;
  for (const dns::RecordView& record : view->records()) {
    ASSERT_EQ(record.ttl, hit.ttl);
    if (record.section != dns::Section::kAnswer) continue;
    const int last_octet = buffer[record.rdata_at + 3];
    if (address < 0) address = last_octet;
    ASSERT_EQ(last_octet, address);
  }
}

TEST(CacheThreads, AHitIsAlwaysOneWholeReply) {
  constexpr int kNames = 300;
  constexpr int kSteps = 20'000;
  std::vector<Stored> names;
  for (int i = 0; i < kNames; ++i) names.push_back(MakeStored(i));
  CacheOptions options;
  for (CacheBounds& bounds : options.bounds) bounds = {256, 100'000};  // two shards, with too little room for all
  options.serve_stale = seconds(20);
  options.prefetch_amount = 2;
  CacheStore store(options);
  std::atomic<int64_t> clock{100'000};
  std::atomic<size_t> hits{0};

  const auto work = [&](uint32_t random) {
    std::vector<uint8_t> buffer(dns::kMaxMessageLength);
    for (int step = 0; step < kSteps; ++step) {
      random = random * 1664525 + 1013904223;
      const Stored& stored = names[(random >> 8) % kNames];
      const CacheKey key{.name = stored.name.wire(), .type = RecordType::kA};
      const CacheTime now{seconds(clock.fetch_add((random >> 4) % 256 == 0 ? 1 : 0))};
      if (const auto hit = store.Lookup(key, now, absl::MakeSpan(buffer))) {
        ExpectWhole(stored, *hit, buffer);
        hits.fetch_add(1, std::memory_order_relaxed);
        if (!hit->wants_refresh && random % 16 != 0) continue;
      }
      const auto view = dns::MessageView::Read(stored.replies[(random >> 20) % stored.replies.size()]);
      const CacheVerdict verdict = Judge(*view, key, {}, absl::UnixEpoch());
      ASSERT_EQ(verdict.outcome, CacheOutcome::kStore);
      ASSERT_TRUE(store.Insert(key, *view, verdict, now));
      if (step % 1000 == 0) store.Count();
    }
  };
  std::vector<std::thread> workers;
  for (uint32_t worker = 0; worker < 4; ++worker) workers.emplace_back(work, worker * 7919 + 1);
  for (std::thread& worker : workers) worker.join();
  EXPECT_GT(hits, size_t{kSteps});
}

TEST(CacheThreads, OneOfManyIsToldToRefresh) {
  const Stored stored = MakeStored(1);
  const CacheKey key{.name = stored.name.wire(), .type = RecordType::kA};
  CacheOptions options;
  options.serve_stale = seconds(3600);
  CacheStore store(options);
  CacheTime now{seconds(1000)};
  const auto view = dns::MessageView::Read(stored.replies[0]);
  ASSERT_TRUE(store.Insert(key, *view, Judge(*view, key, {}, absl::UnixEpoch()), now));
  now += seconds(100);
  std::atomic<int> told{0};
  const auto work = [&] {
    std::vector<uint8_t> buffer(512);
    for (int i = 0; i < 1000; ++i) told += store.Lookup(key, now, absl::MakeSpan(buffer))->wants_refresh ? 1 : 0;
  };
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker) workers.emplace_back(work);
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace podnamed::plugins
