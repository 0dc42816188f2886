#include "server/plugins/cache_plugin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "server/plugins/test_exchange.h"
#include "server/plugins/upstream_reply.h"
#include "server/testing/reply_builder.h"

namespace podnamed::plugins {
namespace {

using dns::Rcode;
using dns::RecordType;
using ::testing::ElementsAre;
using testing::MakeReply;
using testing::ReplyParts;
using ::testing::SizeIs;

class CacheTest : public ::testing::Test {
 protected:
  CacheTest() { options_.zones = {dns::Name::FromText("example").value()}; }

  Cache& cache() {
    if (!cache_) {
      shared_.emplace(options_);
      cache_.emplace(options_, *shared_, absl::MakeSpan(&counters_, 1),
                     [this](absl::Duration duration, absl::AnyInvocable<void()> call) {
                       EXPECT_EQ(duration, options_.verify_timeout);
                       late_.push_back(std::move(call));
                     });
    }
    return *cache_;
  }

  // What the client gets; "pass" if nothing is kept.
  std::string Ask(std::string_view name, const testing::QueryOptions& options = {}) {
    TestExchange test(name, RecordType::kA, options);
    test.exchange.entrance = &entrance_;
    return plugins::Ask(cache(), test);
  }
  // The same when an upstream has replied, or has failed to (no parts).
  std::string Reply(std::string_view name, const std::optional<ReplyParts>& parts,
                    const testing::QueryOptions& options = {}) {
    TestExchange test(name, RecordType::kA, options);
    test.exchange.entrance = &entrance_;
    test.exchange.answered_by = "forward";
    if (parts) {
      test.exchange.octets = MakeReply(name, RecordType::kA, *parts);
      PutReply(dns::MessageView::Read(test.exchange.octets).value(), test.exchange);
    }
    cache().OnReply(test.exchange);
    const testing::Message reply = test.Reply();
    std::string text(dns::NameOf(reply.rcode));
    for (const std::string& record : reply.answer) text += " | " + record;
    for (const std::string& option : reply.edns_options) text += " " + option;
    return text;
  }

  const Entrance entrance_{.server = "dns://:53", .zone = ".", .index = 0};
  config::CacheOptions options_;
  CacheCounters counters_;
  std::optional<CacheShared> shared_;
  std::optional<Cache> cache_;
  std::vector<absl::AnyInvocable<void()>> late_;  // what is to be called when the time is over
};

const ReplyParts kAddress = {.answer = {"www.example. 300 A 10.0.0.1"}};

TEST_F(CacheTest, AReplyIsKeptWithOneTtlForAllItsRecords) {
  options_.success.max_ttl = absl::Seconds(30);
  EXPECT_EQ(Ask("www.example."), "pass");
  EXPECT_EQ(Reply("www.example.", kAddress), "NOERROR | www.example. 30 IN A 10.0.0.1") << "already the first one";
  EXPECT_EQ(Ask("WWW.example."), "NOERROR aa | WWW.example. 30 IN A 10.0.0.1");
  EXPECT_EQ(counters_.requests.value(), 2u);
  EXPECT_EQ(counters_.misses.value(), 1u);
  EXPECT_EQ(counters_.hits[static_cast<size_t>(CacheKind::kSuccess)].value(), 1u);
}

TEST_F(CacheTest, OtherZonesAndTheClusterAreNotItsBusiness) {
  const ReplyParts parts = {.answer = {"www.other. 300 A 10.0.0.1"}};
  EXPECT_EQ(Reply("www.other.", parts), "NOERROR | www.other. 300 IN A 10.0.0.1");
  EXPECT_EQ(Ask("www.other."), "pass");
  TestExchange cluster("web-0.example.");
  cluster.exchange.answered_by = "kubernetes";
  cache().OnReply(cluster.exchange);
  EXPECT_EQ(Ask("web-0.example."), "pass");
  EXPECT_EQ(counters_.misses.value(), 1u);
}

TEST_F(CacheTest, QuestionsOfOtherKindsHaveRepliesOfTheirOwn) {
  Reply("www.example.", kAddress, {.edns_size = 1232, .dnssec_ok = true});
  EXPECT_EQ(Ask("www.example."), "pass");
  EXPECT_EQ(Ask("www.example.", {.checking_disabled = true}), "pass");
  EXPECT_NE(Ask("www.example.", {.edns_size = 1232, .dnssec_ok = true}), "pass");
}

TEST_F(CacheTest, WhatIsDisabledStillGetsItsTtl) {
  options_.success.disabled = {dns::Name::FromText("www.example").value()};
  options_.success.max_ttl = absl::Seconds(30);
  EXPECT_EQ(Reply("www.example.", kAddress), "NOERROR | www.example. 30 IN A 10.0.0.1");
  EXPECT_EQ(Ask("www.example."), "pass");
}

TEST_F(CacheTest, WhatIsOldIsToldWhenNobodyKnowsBetter) {
  options_.success.max_ttl = options_.success.min_ttl = absl::ZeroDuration();
  options_.servfail = absl::ZeroDuration();
  options_.serve_stale = absl::Hours(1);
  options_.stale_mode = config::CacheOptions::StaleMode::kVerify;
  Reply("www.example.", kAddress);
  EXPECT_EQ(Ask("www.example."), "pass") << "somebody is asked first";
  EXPECT_THAT(Reply("www.example.", std::nullopt, {.edns_size = 1232}),
              ::testing::StartsWith("NOERROR | www.example. 0 IN A 10.0.0.1 EDE 3"));
  EXPECT_THAT(Reply("www.example.", ReplyParts{.rcode = Rcode::kServFail}), ::testing::StartsWith("NOERROR"));
  EXPECT_EQ(Reply("other.example.", std::nullopt), "SERVFAIL");
  EXPECT_EQ(counters_.served_stale.value(), 2u);
}

// Remembers what it was asked aside, and gives it a reply when the test says so.
class TestConductor final : public Conductor {
 public:
  void Resume(Exchange&, Next next) override { resumed.push_back(next); }
  void Ask(Exchange&, const dns::Name&, RecordType, AskFrom, Done) override {}
  void AskAside(Exchange&, Done done) override { asked.push_back(std::move(done)); }

  std::vector<Done> asked;
  std::vector<Next> resumed;
};

TEST_F(CacheTest, WhatIsOldIsToldWhileItIsFetchedAnew) {
  options_.success.max_ttl = options_.success.min_ttl = absl::ZeroDuration();
  options_.serve_stale = absl::Hours(1);
  Reply("www.example.", kAddress);
  TestConductor conductor;
  TestExchange test("www.example.");
  test.exchange.conductor = &conductor;
  test.exchange.can_wait = true;
  EXPECT_EQ(plugins::Ask(cache(), test), "NOERROR aa | www.example. 0 IN A 10.0.0.1");
  ASSERT_EQ(conductor.asked.size(), 1u);
  EXPECT_NE(Ask("www.example."), "pass");
  EXPECT_EQ(conductor.asked.size(), 1u) << "once, for all that ask meanwhile";
  TestExchange child("www.example.");
  child.exchange.octets = MakeReply("www.example.", RecordType::kA, {.answer = {"www.example. 300 A 10.0.0.2"}});
  conductor.asked[0](child.exchange);
  EXPECT_EQ(Ask("www.example."), "NOERROR aa | www.example. 0 IN A 10.0.0.2");
}

class VerifyingCacheTest : public CacheTest {
 protected:
  VerifyingCacheTest() {
    options_.success.max_ttl = options_.success.min_ttl = absl::ZeroDuration();
    options_.servfail = absl::ZeroDuration();
    options_.serve_stale = absl::Hours(1);
    options_.stale_mode = config::CacheOptions::StaleMode::kVerify;
    options_.verify_timeout = absl::Milliseconds(100);
    Reply("www.example.", kAddress);
    test_.exchange.entrance = &entrance_;
    test_.exchange.conductor = &conductor_;
    test_.exchange.can_wait = true;
  }

  // An upstream replies to what was asked on the cache's own behalf; no parts: it fails to.
  void ReplyAside(const std::optional<ReplyParts>& parts) {
    TestExchange child("www.example.");
    child.exchange.answered_by = "forward";
    if (parts) {
      child.exchange.octets = MakeReply("www.example.", RecordType::kA, *parts);
      PutReply(dns::MessageView::Read(child.exchange.octets).value(), child.exchange);
    }
    conductor_.asked.at(0)(child.exchange);
  }

  TestConductor conductor_;
  TestExchange test_{"www.example."};
};

TEST_F(VerifyingCacheTest, WhoKnowsBetterInTimeIsHeard) {
  EXPECT_EQ(plugins::Ask(cache(), test_), "later");
  ReplyAside(ReplyParts{.answer = {"www.example. 300 A 10.0.0.2"}});
  EXPECT_THAT(conductor_.resumed, ElementsAre(Next::kDone));
  EXPECT_THAT(test_.Reply().answer, ElementsAre("www.example. 0 IN A 10.0.0.2"));
  late_.at(0)();
  EXPECT_THAT(conductor_.resumed, SizeIs(1)) << "it has its reply";
  EXPECT_EQ(counters_.served_stale.value(), 0u);
}

TEST_F(VerifyingCacheTest, WhoThinksForTooLongIsHeardByTheNext) {
  EXPECT_EQ(plugins::Ask(cache(), test_), "later");
  late_.at(0)();
  EXPECT_THAT(conductor_.resumed, ElementsAre(Next::kDone));
  EXPECT_THAT(test_.Reply().answer, ElementsAre("www.example. 0 IN A 10.0.0.1"));
  EXPECT_EQ(counters_.served_stale.value(), 1u);
  ReplyAside(ReplyParts{.answer = {"www.example. 300 A 10.0.0.2"}});
  EXPECT_THAT(conductor_.resumed, SizeIs(1));
  EXPECT_THAT(Reply("www.example.", std::nullopt), ::testing::HasSubstr("10.0.0.2")) << "that is kept now";
}

TEST_F(VerifyingCacheTest, AFailureIsNoKnowledge) {
  EXPECT_EQ(plugins::Ask(cache(), test_), "later");
  ReplyAside(std::nullopt);
  EXPECT_THAT(conductor_.resumed, ElementsAre(Next::kDone));
  EXPECT_THAT(test_.Reply().answer, ElementsAre("www.example. 0 IN A 10.0.0.1"));
}

TEST_F(VerifyingCacheTest, ADenialTakesThePlaceOfWhatWasKnown) {
  EXPECT_EQ(plugins::Ask(cache(), test_), "later");
  ReplyAside(
      ReplyParts{.rcode = Rcode::kNxDomain, .authority = {"example. 300 SOA ns.example. root.example. 1 2 3 4 5"}});
  EXPECT_THAT(conductor_.resumed, ElementsAre(Next::kDone));
  EXPECT_EQ(test_.Reply().rcode, Rcode::kNxDomain);
}

}  // namespace
}  // namespace podnamed::plugins
