#include "server/plugins/cache/cache_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/testing/dns_message.h"
#include "server/testing/reply_builder.h"

namespace podnamed::plugins {
namespace {

using dns::Rcode;
using dns::RecordType;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::MakeReply;
using testing::Message;
using testing::ReplyParts;

const std::string kSoa = "org. 60 SOA ns.org. h.org. 1 2 3 4 5";
constexpr size_t kSuccess = static_cast<size_t>(CacheKind::kSuccess);
constexpr size_t kDenial = static_cast<size_t>(CacheKind::kDenial);

class CacheStoreTest : public ::testing::Test {
 protected:
  CacheStoreTest() {
    for (CacheBounds& bounds : options_.bounds) bounds = {100, size_t{1} << 20};
  }

  CacheStore& store() {
    if (!store_.has_value()) store_.emplace(options_);
    return *store_;
  }
  static dns::Name NameOf(std::string_view text) { return dns::Name::FromText(text).value(); }

  // Stores what an upstream says; the reply is judged by the default rules, but for a TTL of its own.
  bool Store(std::string_view name, const ReplyParts& parts, CacheKey key = {.type = RecordType::kA}) {
    const dns::Name wire = NameOf(name).Folded();
    key.name = wire.wire();
    const std::vector<uint8_t> reply = MakeReply(name, key.type, parts);
    const auto view = dns::MessageView::Read(reply);
    EXPECT_TRUE(view.has_value());
    const CacheVerdict verdict = Judge(*view, key, rules_, absl::UnixEpoch());
    EXPECT_EQ(verdict.outcome, CacheOutcome::kStore);
    return store().Insert(key, *view, verdict, now_);
  }
  bool StoreAddress(const std::string& name, const std::string& address = "10.0.0.1") {
    return Store(name, {.answer = {absl::StrCat(name, ". 60 A ", address)}});
  }
  bool StoreDenial(std::string_view name) { return Store(name, {.rcode = Rcode::kNxDomain, .authority = {kSoa}}); }
  bool StoreFailure(std::string_view name) { return Store(name, {.rcode = Rcode::kServFail}); }

  std::optional<CacheHit> Lookup(std::string_view name, CacheKey key = {.type = RecordType::kA}) {
    const dns::Name wire = NameOf(name).Folded();
    key.name = wire.wire();
    buffer_.assign(dns::kMaxMessageLength, 0xEE);
    const auto hit = store().Lookup(key, now_, absl::MakeSpan(buffer_));
    if (hit.has_value()) {
      const auto message = testing::ParseMessage({buffer_.data(), hit->size});
      EXPECT_TRUE(message.ok()) << message.status();
      message_ = message.value_or(Message());
    }
    return hit;
  }
  bool Knows(std::string_view name) { return Lookup(name).has_value(); }

  CacheOptions options_;
  CacheRules rules_;
  CacheTime now_{std::chrono::hours(100)};
  std::optional<CacheStore> store_;
  std::vector<uint8_t> buffer_;
  Message message_;
};

TEST_F(CacheStoreTest, AHitIsTheReplyReadyForItsClient) {
  EXPECT_FALSE(Lookup("www.org").has_value());
  constexpr uint16_t kAllFlags = dns::kResponseFlag | dns::kAuthoritativeFlag | dns::kRecursionDesiredFlag |
                                 dns::kRecursionAvailableFlag | dns::kAuthenticDataFlag | dns::kCheckingDisabledFlag;
  EXPECT_TRUE(Store("WWW.Org", {.flags = kAllFlags,
                                .answer = {"www.org. 300 CNAME a.org.", "a.org. 60 A 10.0.0.1"},
                                .authority = {"org. 3600 NS ns.org."},
                                .additional = {"ns.org. 3600 A 10.0.0.53"},
                                .edns_size = 1232}));
  const auto hit = Lookup("wWw.org");
  ASSERT_TRUE(hit.has_value());
  EXPECT_EQ(hit->kind, CacheKind::kSuccess);
  EXPECT_FALSE(hit->is_stale);
  EXPECT_EQ(hit->ttl, 60u);
  EXPECT_EQ(message_.id, 0);
  EXPECT_TRUE(message_.response && message_.recursion_available && message_.authentic_data);
  EXPECT_FALSE(message_.authoritative || message_.recursion_desired || message_.checking_disabled);
  EXPECT_THAT(message_.questions, ElementsAre("www.org. IN A"));
  EXPECT_THAT(message_.answer, ElementsAre("www.org. 60 IN CNAME a.org.", "a.org. 60 IN A 10.0.0.1"));
  EXPECT_THAT(message_.authority, ElementsAre("org. 60 IN NS ns.org."));
  EXPECT_THAT(message_.additional, ElementsAre("ns.org. 60 IN A 10.0.0.53"));
  EXPECT_FALSE(message_.edns.has_value());
  EXPECT_EQ(buffer_[hit->size], 0xEE);
}

TEST_F(CacheStoreTest, TtlsCountDownBySeconds) {
  StoreAddress("a.org");
  now_ += milliseconds(999);
  EXPECT_EQ(Lookup("a.org")->ttl, 60u);
  now_ += milliseconds(1);
  EXPECT_EQ(Lookup("a.org")->ttl, 59u);
  EXPECT_THAT(message_.answer, ElementsAre("a.org. 59 IN A 10.0.0.1"));
  now_ += milliseconds(58'999);
  EXPECT_EQ(Lookup("a.org")->ttl, 1u);
  now_ += milliseconds(1);
  EXPECT_FALSE(Knows("a.org"));
}

TEST_F(CacheStoreTest, KeptTtlsDoNotCountDown) {
  options_.keep_ttl = true;
  StoreAddress("a.org");
  now_ += seconds(59);
  EXPECT_EQ(Lookup("a.org")->ttl, 60u);
  EXPECT_THAT(message_.answer, ElementsAre("a.org. 60 IN A 10.0.0.1"));
  now_ += seconds(1);
  EXPECT_FALSE(Knows("a.org"));
}

TEST_F(CacheStoreTest, EveryPartOfTheKeyCounts) {
  StoreAddress("a.org");
  EXPECT_TRUE(Knows("A.ORG"));
  EXPECT_FALSE(Knows("b.org"));
  EXPECT_FALSE(Knows("x.a.org"));
  EXPECT_FALSE(Knows("org"));
  EXPECT_FALSE(Lookup("a.org", {.type = RecordType::kAaaa}).has_value());
  EXPECT_FALSE(Lookup("a.org", {.type = RecordType::kA, .record_class = dns::RecordClass::kCh}).has_value());
  EXPECT_FALSE(Lookup("a.org", {.type = RecordType::kA, .dnssec_ok = true}).has_value());
  EXPECT_FALSE(Lookup("a.org", {.type = RecordType::kA, .checking_disabled = true}).has_value());
  Store("a.org", {.answer = {"a.org. 60 A 10.0.0.2"}}, {.type = RecordType::kA, .dnssec_ok = true});
  EXPECT_THAT((Lookup("a.org"), message_.answer), ElementsAre("a.org. 60 IN A 10.0.0.1"));
}

TEST_F(CacheStoreTest, AHitThatDoesNotFitIsToldOnly) {
  StoreAddress("a.org");
  const dns::Name name = NameOf("a.org");
  std::vector<uint8_t> small(20, 0xEE);
  const auto hit = store().Lookup({.name = name.wire(), .type = RecordType::kA}, now_, absl::MakeSpan(small));
  ASSERT_TRUE(hit.has_value());
  EXPECT_GT(hit->size, small.size());
  EXPECT_EQ(small, std::vector<uint8_t>(20, 0xEE));
}

TEST_F(CacheStoreTest, TheNewestTruthReplacesTheOld) {
  StoreAddress("a.org");
  StoreAddress("a.org", "10.0.0.2");
  EXPECT_THAT((Lookup("a.org"), message_.answer), ElementsAre("a.org. 60 IN A 10.0.0.2"));
  StoreDenial("a.org");
  EXPECT_EQ(Lookup("a.org")->kind, CacheKind::kDenial);
  EXPECT_EQ(message_.rcode, Rcode::kNxDomain);
  StoreAddress("a.org");
  EXPECT_EQ(Lookup("a.org")->kind, CacheKind::kSuccess);
  const CacheCounts counts = store().Count();
  EXPECT_THAT(counts.entries, ElementsAre(1, 0, 0));
  EXPECT_EQ(counts.bytes[kDenial], 0u);
}

TEST_F(CacheStoreTest, AFailureHidesNothingThatIsGood) {
  StoreAddress("a.org");
  StoreFailure("a.org");
  EXPECT_EQ(Lookup("a.org")->kind, CacheKind::kSuccess);
  EXPECT_TRUE(Lookup("a.org")->is_failing);
  StoreFailure("b.org");
  EXPECT_EQ(Lookup("b.org")->kind, CacheKind::kFailure);
  EXPECT_EQ(message_.rcode, Rcode::kServFail);
  now_ += seconds(5);
  EXPECT_FALSE(Knows("b.org"));
  EXPECT_FALSE(Lookup("a.org")->is_failing);
  StoreFailure("a.org");
  StoreAddress("a.org");
  EXPECT_FALSE(Lookup("a.org")->is_failing);
}

TEST_F(CacheStoreTest, StaleEntriesAreFoundForAWhile) {
  options_.serve_stale = seconds(3600);
  StoreAddress("a.org");
  now_ += seconds(60);
  auto hit = Lookup("a.org");
  ASSERT_TRUE(hit.has_value());
  EXPECT_TRUE(hit->is_stale);
  EXPECT_EQ(hit->age, 60u);
  EXPECT_EQ(hit->ttl, 0u);
  EXPECT_THAT(message_.answer, ElementsAre("a.org. 0 IN A 10.0.0.1"));
  EXPECT_TRUE(hit->wants_refresh);
  EXPECT_FALSE(Lookup("a.org")->wants_refresh) << "one was told";
  now_ += seconds(5);
  EXPECT_TRUE(Lookup("a.org")->wants_refresh) << "and did not come back";
  now_ += seconds(5);
  StoreFailure("a.org");
  hit = Lookup("a.org");
  EXPECT_TRUE(hit->is_stale && hit->is_failing);
  EXPECT_FALSE(hit->wants_refresh);
  now_ += milliseconds(3'589'999);
  EXPECT_TRUE(Knows("a.org"));
  now_ += milliseconds(1);
  EXPECT_FALSE(Knows("a.org"));
}

TEST_F(CacheStoreTest, AStaleDenialIsNewerTruthUnlessPositiveIsPreferred) {
  for (const bool prefer_positive : {false, true}) {
    store_.reset();
    options_.serve_stale = seconds(3600);
    options_.prefer_positive = prefer_positive;
    StoreAddress("a.org");
    now_ += seconds(10);
    StoreDenial("a.org");
    EXPECT_EQ(Lookup("a.org")->kind, CacheKind::kDenial) << "it is good";
    now_ += seconds(61);
    EXPECT_TRUE(Lookup("a.org")->is_stale);
    EXPECT_EQ(Lookup("a.org")->kind, prefer_positive ? CacheKind::kSuccess : CacheKind::kDenial);
  }
}

TEST_F(CacheStoreTest, PrefetchIsEarnedByHitsAndDueAtTheEnd) {
  options_.prefetch_amount = 3;
  options_.prefetch_duration = seconds(30);
  options_.prefetch_percentage = 20;
  StoreAddress("a.org");
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(Lookup("a.org")->wants_refresh) << "it has just come";
  now_ += seconds(40);
  EXPECT_FALSE(Lookup("a.org")->wants_refresh) << "the hits before were long ago";
  now_ += seconds(7);
  EXPECT_FALSE(Lookup("a.org")->wants_refresh) << "13 s left of 60";
  now_ += seconds(1);
  EXPECT_TRUE(Lookup("a.org")->wants_refresh) << "12 s left, third hit";
  EXPECT_FALSE(Lookup("a.org")->wants_refresh) << "told once";
  StoreAddress("a.org");
  EXPECT_FALSE(Lookup("a.org")->wants_refresh);
  now_ += seconds(50);
  EXPECT_FALSE(Lookup("a.org")->wants_refresh) << "a pause of more than 30 s";
}

TEST_F(CacheStoreTest, EachKindHasItsOwnBounds) {
  for (int i = 0; i < 250; ++i) {
    EXPECT_TRUE(StoreAddress(absl::StrCat("a", i, ".org")));
    EXPECT_TRUE(StoreDenial(absl::StrCat("d", i, ".org")));
  }
  StoreFailure("f.org");
  const CacheCounts counts = store().Count();
  EXPECT_THAT(counts.entries, ElementsAre(100, 100, 1));
  EXPECT_THAT(counts.evictions, ElementsAre(150, 150, 0));
  EXPECT_TRUE(Knows("a249.org"));
  EXPECT_FALSE(Knows("a0.org"));
}

TEST_F(CacheStoreTest, BytesAreBounded) {
  options_.bounds[kSuccess] = {100, 10'000};
  const std::string text = std::string(200, 't');
  for (int i = 0; i < 100; ++i) {
    const std::string name = absl::StrCat("t", i, ".org");
    EXPECT_TRUE(Store(name, {.answer = {absl::StrCat(name, ". 60 TXT ", text)}}, {.type = RecordType::kTxt}));
    EXPECT_LE(store().Count().bytes[kSuccess], 10'000u);
  }
  EXPECT_GT(store().Count().entries[kSuccess], 15u);
  ReplyParts large;
  for (int i = 0; i < 20; ++i) large.answer.push_back(absl::StrCat("l.org. 60 TXT ", text));
  EXPECT_FALSE(Store("l.org", large, {.type = RecordType::kTxt})) << "more than a quarter";
  // An entry that grows in place pushes out others.
  large.answer.resize(8);
  for (int i = 90; i < 100; ++i) {
    const std::string name = absl::StrCat("t", i, ".org");
    for (std::string& line : large.answer) line = absl::StrCat(name, ". 60 TXT ", text);
    EXPECT_TRUE(Store(name, large, {.type = RecordType::kTxt}));
    EXPECT_LE(store().Count().bytes[kSuccess], 10'000u);
  }
}

TEST_F(CacheStoreTest, StaleEntriesGoFirst) {
  options_.serve_stale = seconds(3600);
  for (int i = 0; i < 50; ++i) StoreAddress(absl::StrCat("old", i, ".org"));
  for (int i = 0; i < 50; ++i) Lookup(absl::StrCat("old", i, ".org"));
  now_ += seconds(60);
  for (int i = 0; i < 50; ++i) StoreAddress(absl::StrCat("new", i, ".org"));
  // The sweep has found some of the fifty by now, and finds the rest before it comes round.
  for (int i = 0; i < 45; ++i) StoreAddress(absl::StrCat("newer", i, ".org"));
  size_t fresh = 0;
  for (int i = 0; i < 50; ++i) fresh += Knows(absl::StrCat("new", i, ".org")) ? 1 : 0;
  EXPECT_EQ(fresh, 50u);
}

TEST_F(CacheStoreTest, WhatIsExpiredIsSweptAway) {
  for (int i = 0; i < 100; ++i) StoreAddress(absl::StrCat("old", i, ".org"));
  now_ += seconds(60);
  for (int i = 0; i < 128; ++i) StoreFailure("f.org");
  EXPECT_THAT(store().Count().entries, ElementsAre(0, 0, 1));
  EXPECT_THAT(store().Count().evictions, ElementsAre(0, 0, 0));
}

TEST_F(CacheStoreTest, ALargeCacheIsSpreadOverShards) {
  options_ = CacheOptions();
  EXPECT_EQ(store().shard_count(), 64u);
  for (int i = 0; i < 5000; ++i) StoreAddress(absl::StrCat("h", i, ".org"));
  const CacheCounts counts = store().Count();
  EXPECT_EQ(counts.entries[kSuccess], 5000u) << "none was full yet";
  for (int i = 5000; i < 30'000; ++i) StoreAddress(absl::StrCat("h", i, ".org"));
  EXPECT_GT(store().Count().entries[kSuccess], 9900u);
  EXPECT_LE(store().Count().entries[kSuccess], 9984u);
  store_.reset();
  options_.bounds[kSuccess].entries = 1024;
  EXPECT_EQ(store().shard_count(), 8u);
}

}  // namespace
}  // namespace podnamed::plugins
