// Whom a question is asked of, when upstreams fail.
#include "server/upstream/upstream_group.h"

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/upstream/test_fixture.h"
#include "server/upstream/upstream_health.h"

namespace podnamed::upstream {
namespace {

using std::chrono::milliseconds;

using ::testing::Each;

using ::testing::Gt;
using ::testing::SizeIs;

class UpstreamGroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.policy = GroupOptions::Policy::kSequential;
    options_.probe_interval = milliseconds(5);
    for (int i = 0; i < 2; ++i) AddServer();
  }

  void AddServer() {
    servers_.push_back(std::make_unique<TestNameServer>(*io_));
    counters_.push_back(std::make_shared<MemberCounters>());
  }

  UpstreamGroup& group() {
    if (group_) return *group_;
    group_ = std::make_unique<UpstreamGroup>(io_->get_executor(), options_);
    group_->SetMembers(Members());
    return *group_;
  }
  std::vector<GroupMember> Members() const {
    std::vector<GroupMember> members;
    for (const auto& server : servers_) {
      Options options;
      options.address = *base::ParseIpAddress("127.0.0.1");
      options.port = server->port();
      options.read_timeout = milliseconds(200);
      const size_t i = members.size();
      members.push_back({std::to_string(i), options, counters_[i]});
    }
    return members;
  }

  // "0" is what the first server replied, "0 SERVFAIL"; "timeout", …
  void Start(std::string_view name = kName, Transport client = Transport::kUdp) {
    const size_t i = heard_.size();
    heard_.emplace_back();
    group().Ask(QuestionFor(name), client, [this, i](const Reply& reply, const std::string& member) {
      ++done_;
      heard_[i] = reply.ok() ? member : std::string(NameOf(reply.outcome));
      if (!reply.ok()) return;
      const int rcode = reply.message[3] & 15;
      if (rcode != 0) heard_[i] += " " + std::string(dns::NameOf(dns::Rcode{static_cast<uint16_t>(rcode)}));
    });
  }
  std::string Ask(std::string_view name = kName, Transport client = Transport::kUdp) {
    Start(name, client);
    Finish();
    return heard_.back();
  }
  void Finish() {
    RunUntil([this] { return done_ == heard_.size(); });
  }
  void RunUntil(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!holds() && std::chrono::steady_clock::now() < deadline) io_->run_one_for(milliseconds(100));
    ASSERT_TRUE(holds());
  }
  void Silence(size_t i) {
    servers_[i]->on_udp = [](const Octets&, const auto&) {};
    servers_[i]->on_stream = [](TestNameServer::Connection&, const Octets&) {};
  }
  void Mend(size_t i) {
    servers_[i]->on_udp = [this, i](const Octets& query, const auto& client) {
      servers_[i]->SendUdp(Answer(query), client);
    };
  }
  void Fail(size_t i, uint8_t rcode) {
    servers_[i]->on_udp = [this, i, rcode](const Octets& query, const auto& client) {
      servers_[i]->SendUdp(WithRcode(Answer(query), rcode), client);
    };
  }

  std::unique_ptr<boost::asio::io_context> io_ = std::make_unique<boost::asio::io_context>(1);
  GroupOptions options_;
  std::vector<std::unique_ptr<TestNameServer>> servers_;
  std::vector<std::shared_ptr<MemberCounters>> counters_;  // of each
  std::unique_ptr<UpstreamGroup> group_;
  std::vector<std::string> heard_;
  size_t done_ = 0;
};

TEST_F(UpstreamGroupTest, SequentialAsksTheFirst) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Ask(), "0");
}

TEST_F(UpstreamGroupTest, RoundRobinAsksEachInTurn) {
  options_.policy = GroupOptions::Policy::kRoundRobin;
  for (const char* member : {"0", "1", "0", "1"}) EXPECT_EQ(Ask(), member);
}

TEST_F(UpstreamGroupTest, RandomAsksAll) {
  options_.policy = GroupOptions::Policy::kRandom;
  for (int i = 0; i < 100; ++i) Ask();
  EXPECT_GT(servers_[0]->udp_queries.size(), 20u);
  EXPECT_GT(servers_[1]->udp_queries.size(), 20u);
}

TEST_F(UpstreamGroupTest, TheNextIsAskedWhenOneIsSilentAndTheSilentOneIsDownUntilItReplies) {
  Silence(0);
  EXPECT_EQ(Ask(), "1");
  RunUntil([this] { return counters_[0]->probes_failed.value() > 2; });
  const size_t seen = servers_[0]->udp_queries.size();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Ask(), "1");
  EXPECT_LE(servers_[0]->udp_queries.size(), seen + 1) << "probes only";
  Mend(0);
  RunUntil([this] { return Ask() == "0"; });
}

TEST_F(UpstreamGroupTest, WhenAllAreDownOneIsTriedOrNone) {
  Silence(0);
  Silence(1);
  options_.max_attempts = 1;
  EXPECT_EQ(Ask(), "timeout");
  EXPECT_EQ(Ask("other.example"), "timeout");
  RunUntil([this] { return counters_[0]->probes_failed.value() > 2 || counters_[1]->probes_failed.value() > 2; });
}

TEST_F(UpstreamGroupTest, ARefusalIsNotTheLastWordWhileAnotherKnows) {
  Fail(0, 2);
  EXPECT_EQ(Ask(), "1");
  EXPECT_EQ(counters_[0]->useless.value(), 1u);
  Fail(1, 5);
  EXPECT_EQ(Ask(), "0 SERVFAIL") << "the first word, if nobody knows better";
}

TEST_F(UpstreamGroupTest, AnUpstreamThatIsOfNoUseIsLeftOutUntilAProbeFindsItMended) {
  Fail(0, 5);
  for (int i = 0; i < UpstreamHealth::kUselessLimit; ++i) EXPECT_EQ(Ask(), "1");
  const size_t seen = servers_[0]->udp_queries.size();
  RunUntil([this] { return counters_[0]->probes_failed.value() > 0; });
  EXPECT_EQ(Ask(), "1");
  EXPECT_GT(servers_[0]->udp_queries.size(), seen);
  Mend(0);
  RunUntil([this] { return Ask() == "0"; });
}

TEST_F(UpstreamGroupTest, FailoverGoesOnToTheLast) {
  AddServer();
  options_.failover = {dns::Rcode::kNxDomain};
  Fail(0, 3);
  Fail(1, 3);
  EXPECT_EQ(Ask(), "2");
  Fail(2, 3);
  EXPECT_EQ(Ask(), "0 NXDOMAIN");
}

TEST_F(UpstreamGroupTest, NonsenseIsNotPassedOn) {
  servers_[0]->on_udp = [this](const Octets& query, const auto& client) {
    Octets reply = Answer(query);
    reply.resize(reply.size() - 3);
    servers_[0]->SendUdp(reply, client);
  };
  EXPECT_EQ(Ask(), "1");
  servers_.pop_back();
  group_.reset();
  EXPECT_EQ(Ask(), "wrong_question");
}

TEST_F(UpstreamGroupTest, TheSameQuestionIsAskedOnce) {
  std::vector<std::function<void()>> replies;
  servers_[0]->on_udp = [&](const Octets& query, const auto& client) {
    replies.emplace_back([this, query, client] { servers_[0]->SendUdp(Answer(query), client); });
  };
  Start("a.example");
  Start("A.example");
  Start("a.example", Transport::kTcp);
  Start("b.example");
  RunUntil([&] { return replies.size() == 2; });
  EXPECT_EQ(group().counters()->coalesced.value(), 1u);
  for (const auto& reply : replies) reply();
  Finish();
  EXPECT_THAT(heard_, Each("0"));
  EXPECT_EQ(group().in_flight(), 0u);
  Mend(0);
  EXPECT_EQ(Ask("a.example"), "0") << "asked anew";
}

TEST_F(UpstreamGroupTest, GivesUpAtTheDeadline) {
  options_.deadline = milliseconds(50);
  Silence(0);
  Silence(1);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(Ask(), "timeout");
  EXPECT_GE(std::chrono::steady_clock::now() - start, options_.deadline);
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(190));
}

TEST_F(UpstreamGroupTest, WayOfTransport) {
  EXPECT_EQ(Ask(kName, Transport::kTcp), "0");
  EXPECT_THAT(servers_[0]->stream_queries, SizeIs(1)) << "as the client came";
  group_.reset();
  options_.prefer_udp = true;
  EXPECT_EQ(Ask(kName, Transport::kTcp), "0");
  EXPECT_THAT(servers_[0]->udp_queries, SizeIs(1));
  servers_[0]->on_udp = [this](const Octets& query, const auto& client) {
    servers_[0]->SendUdp(Truncated(Answer(query)), client);
  };
  EXPECT_EQ(Ask(), "0");
  EXPECT_THAT(servers_[0]->stream_queries, SizeIs(2)) << "what is truncated is asked again";
  group_.reset();
  options_.force_tcp = true;
  EXPECT_EQ(Ask(), "0");
  EXPECT_THAT(servers_[0]->stream_queries, SizeIs(3));
}

TEST_F(UpstreamGroupTest, MembersComeAndGo) {
  EXPECT_EQ(Ask(), "0");
  std::vector<GroupMember> members = Members();
  members.erase(members.begin());
  Start("other.example");
  group().SetMembers(members);
  Finish();
  EXPECT_EQ(Ask(), "1");
  group().SetMembers(Members());
  EXPECT_EQ(Ask(), "0");
  group().SetMembers({});
  EXPECT_EQ(Ask(), "unreachable");
}

TEST_F(UpstreamGroupTest, NobodyHearsOfQuestionsInFlightWhenItEnds) {
  Silence(0);
  Start();
  RunUntil([this] { return !servers_[0]->udp_queries.empty(); });
  group_.reset();
  io_->run_for(milliseconds(20));
  EXPECT_EQ(done_, 0u);
}

TEST_F(UpstreamGroupTest, CountsHowLongReplies) {
  Ask();
  uint64_t replies = 0;
  const auto& durations = counters_[0]->replies[0];
  for (size_t i = 0; i <= kReplyBounds.size(); ++i) replies += durations.bucket(i);
  EXPECT_EQ(replies, 1u);
  EXPECT_THAT(durations.sum(), Gt(0u));
}

}  // namespace
}  // namespace podnamed::upstream
