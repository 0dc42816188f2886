// Questions over UDP, and what an upstream or a forger may do to them.
#include <unistd.h>

#include <cstdlib>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/testing/dns_message.h"
#include "server/upstream/letter_memory.h"
#include "server/upstream/test_fixture.h"
#include "server/upstream/udp_client.h"

namespace podnamed::upstream {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using std::chrono::milliseconds;

class UdpTest : public UpstreamTest {
 protected:
  // Answers over UDP with what `change` makes of the answer; over TCP with the answer.
  void ChangeUdp(std::function<Octets(Octets)> change) {
    server_->on_udp = [this, change = std::move(change)](const Octets& query, const udp::endpoint& client) {
      server_->SendUdp(change(Answer(query)), client);
    };
  }
  void IgnoreUdp() {
    server_->on_udp = [](const Octets&, const udp::endpoint&) {};
  }
  size_t tcp_queries() const { return server_->stream_queries.size(); }
};

TEST_F(UdpTest, GivesTheAnswerWithTheClientsLetters) {
  const Reply reply = AskUdp();
  EXPECT_TRUE(Answers(reply));
  EXPECT_EQ(reply.transport, Transport::kUdp);
  EXPECT_FALSE(IsTruncated(reply));
  ASSERT_EQ(server_->udp_queries.size(), 1u);
  EXPECT_EQ(tcp_queries(), 0u);
  EXPECT_EQ(misses(Transport::kUdp), 1u);
  EXPECT_EQ(upstream().udp_in_flight(), 0u);
}

TEST_F(UdpTest, AsksTheRoot) {
  Question root = QuestionFor(".");
  root.type = dns::RecordType::kNs;
  EXPECT_TRUE(Ask(root, Transport::kUdp).ok());
}

TEST_F(UdpTest, HasAFreshPortIdAndSpellingForEveryQuery) {
  constexpr size_t kQueries = 64;
  std::set<uint16_t> ports;
  std::set<int> ids;
  std::set<Octets> names;
  for (size_t i = 0; i < kQueries; ++i) ASSERT_TRUE(Answers(AskUdp()));
  for (const udp::endpoint& client : server_->udp_clients) ports.insert(client.port());
  for (const Octets& query : server_->udp_queries) {
    ids.insert(IdOf(query));
    names.insert(Octets(query.begin() + 12, query.end()));
  }
  // Out of tens of thousands, some may meet by chance.
  EXPECT_GT(ports.size(), kQueries - 5);
  EXPECT_GT(ids.size(), kQueries - 5);
  EXPECT_EQ(names.size(), kQueries);
}

TEST_F(UdpTest, ReadsNoSettingsOfTheMachine) {
  setenv("RES_OPTIONS", "retrans:1 retry:9 rotate", 1);
  setenv("LOCALDOMAIN", "other.example", 1);
  EXPECT_TRUE(Answers(AskUdp()));
  unsetenv("RES_OPTIONS");
  unsetenv("LOCALDOMAIN");
  EXPECT_EQ(server_->udp_queries.size(), 1u);
}

TEST_F(UdpTest, MatchesRepliesInAnyOrder) {
  constexpr int kQuestions = 100;
  std::vector<std::pair<Octets, udp::endpoint>> queries;
  server_->on_udp = [&](const Octets& query, const udp::endpoint& client) {
    queries.emplace_back(query, client);
    if (queries.size() < kQuestions) return;
    for (size_t i = kQuestions; i > 0; --i) {
      server_->SendUdp(Answer(queries[i - 1].first, static_cast<uint8_t>(i)), queries[i - 1].second);
    }
  };
  std::vector<std::shared_ptr<Asked>> asked;
  for (int i = 0; i < kQuestions; ++i) {
    asked.push_back(Start(QuestionFor(std::to_string(i) + ".example"), Transport::kUdp));
  }
  for (int i = 0; i < kQuestions; ++i) {
    EXPECT_TRUE(
        Answers(Finish(asked[static_cast<size_t>(i)]), std::to_string(i) + ".example", static_cast<uint8_t>(i + 1)));
  }
}

TEST_F(UdpTest, KeepsChannelsWhileTheyAreNeeded) {
  constexpr size_t kQuestions = 100;
  const auto ask_many = [this] {
    std::vector<std::shared_ptr<Asked>> asked;
    for (size_t i = 0; i < kQuestions; ++i) asked.push_back(Start(QuestionFor(kName), Transport::kUdp));
    for (const auto& question : asked) EXPECT_TRUE(Answers(Finish(question)));
  };
  ask_many();
  EXPECT_EQ(upstream().spare_channels(), kQuestions);
  upstream().OnIdle();
  EXPECT_EQ(upstream().spare_channels(), kQuestions) << "all were needed";
  ask_many();
  upstream().OnIdle();
  EXPECT_EQ(upstream().spare_channels(), kQuestions) << "and again";
  EXPECT_TRUE(Answers(AskUdp()));
  upstream().OnIdle();
  EXPECT_EQ(upstream().spare_channels(), 1u) << "one was";
  upstream().OnIdle();
  EXPECT_EQ(upstream().spare_channels(), 0u);
}

TEST_F(UdpTest, PassesEveryRcodeOn) {
  for (uint8_t rcode = 1; rcode < 16; ++rcode) {
    ChangeUdp([rcode](Octets answer) { return WithRcode(std::move(answer), rcode); });
    const Reply reply = AskUdp();
    ASSERT_TRUE(reply.ok()) << int{rcode};
    EXPECT_EQ(reply.message[3] & 0x0F, rcode);
  }
  EXPECT_EQ(server_->udp_queries.size(), 15u);
}

TEST_F(UdpTest, AFormErrWithoutOptDoesNotMakeItAskAnew) {
  ChangeUdp([](Octets answer) { return WithRcode(std::move(answer), 1); });
  Question question = QuestionFor(kName);
  question.edns = true;
  EXPECT_TRUE(Ask(question, Transport::kUdp).ok());
  EXPECT_EQ(server_->udp_queries.size(), 1u);
}

TEST_F(UdpTest, GivesATruncatedReplyAsItIs) {
  ChangeUdp(Truncated);
  const Reply reply = AskUdp();
  ASSERT_TRUE(reply.ok());
  EXPECT_TRUE(IsTruncated(reply));
  EXPECT_EQ(tcp_queries(), 0u);
}

TEST_F(UdpTest, CutsNothingOffUpTo4096Octets) {
  for (const size_t size : {511u, 512u, 513u, 1232u, 4095u, 4096u}) {
    ChangeUdp([size](Octets answer) {
      answer.resize(size);
      return answer;
    });
    const Reply reply = AskUdp();
    ASSERT_TRUE(reply.ok()) << size;
    EXPECT_EQ(reply.message.size(), size);
    EXPECT_EQ(reply.transport, Transport::kUdp);
  }
}

TEST_F(UdpTest, AsksByTcpAfterALongerReply) {
  ChangeUdp([](Octets answer) {
    answer.resize(4097);
    return answer;
  });
  const Reply reply = AskUdp();
  EXPECT_TRUE(Answers(reply));
  EXPECT_EQ(reply.transport, Transport::kTcp);
}

TEST_F(UdpTest, WaitsOnAfterAWrongId) {
  server_->on_udp = [&](const Octets& query, const udp::endpoint& client) {
    server_->SendUdp(WithId(Answer(query, 66), IdOf(query) ^ 1), client);
    server_->SendUdp(WithId(Answer(query, 66), IdOf(query) ^ 0x8000), client);
    server_->SendUdp(Answer(query), client);
  };
  const Reply reply = AskUdp();
  EXPECT_TRUE(Answers(reply));
  EXPECT_EQ(reply.transport, Transport::kUdp);
  EXPECT_EQ(counters().wrong_ids.value(), 2u);
}

TEST_F(UdpTest, WaitsOnAfterWhatIsNoReply) {
  server_->on_udp = [&](const Octets& query, const udp::endpoint& client) {
    server_->SendUdp({}, client);  // at which c-ares alone would give up
    server_->SendUdp({0}, client);
    server_->SendUdp(query, client);
    server_->SendUdp(Answer(query), client);
  };
  const Reply reply = AskUdp();
  EXPECT_TRUE(Answers(reply));
  EXPECT_EQ(reply.transport, Transport::kUdp);
  EXPECT_EQ(counters().wrong_ids.value(), 3u);
}

TEST_F(UdpTest, HearsNobodyElse) {
  server_->on_udp = [&](const Octets& query, const udp::endpoint& client) {
    server_->SendUdpFrom("127.0.0.1", Answer(query, 66), client);
    server_->SendUdpFrom("127.0.0.2", Answer(query, 66), client);
    server_->SendUdp(Answer(query), client);
  };
  EXPECT_TRUE(Answers(AskUdp()));
  EXPECT_EQ(counters().wrong_ids.value(), 0u);
}

TEST_F(UdpTest, AsksByTcpWhenFlooded) {
  server_->on_udp = [&](const Octets& query, const udp::endpoint& client) {
    for (int i = 1; i < 200; ++i) server_->SendUdp(WithId(Answer(query, 66), IdOf(query) ^ i), client);
    server_->SendUdp(Answer(query, 66), client);  // a lucky guess, too late
  };
  const Reply reply = AskUdp();
  EXPECT_TRUE(Answers(reply));
  EXPECT_EQ(reply.transport, Transport::kTcp);
  EXPECT_EQ(counters().wrong_ids.value(), uint64_t{UdpClient::kMaxStrangers});
  EXPECT_EQ(counters().settled_by_tcp.value(), 1u);
}

TEST_F(UdpTest, AsksByTcpAfterAReplyToAnotherQuestion) {
  ChangeUdp(ToOtherQuestion);
  const Reply reply = AskUdp();
  EXPECT_TRUE(Answers(reply));
  EXPECT_EQ(reply.transport, Transport::kTcp);
  EXPECT_EQ(counters().wrong_questions.value(), 1u);
  EXPECT_TRUE(upstream().keeps_letters());
}

TEST_F(UdpTest, ALiarIsNamed) {
  ChangeUdp(ToOtherQuestion);
  server_->on_stream = [](TestNameServer::Connection& connection, const Octets& query) {
    connection.Send(ToOtherQuestion(Answer(query)));
  };
  EXPECT_EQ(AskUdp().outcome, Outcome::kWrongQuestion);
}

TEST_F(UdpTest, LearnsByTcpThatAnUpstreamFoldsLetters) {
  ChangeUdp(Folded);
  server_->on_stream = [](TestNameServer::Connection& connection, const Octets& query) {
    connection.Send(Folded(Answer(query)));
  };
  ::testing::internal::CaptureStderr();
  EXPECT_TRUE(Answers(AskUdp()));
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("does not keep the letters"), std::string::npos);
  EXPECT_EQ(tcp_queries(), 1u);
  EXPECT_FALSE(upstream().keeps_letters());
  EXPECT_EQ(counters().letters_given_up.value(), 1u);

  const Reply reply = AskUdp();
  EXPECT_TRUE(Answers(reply));  // as asked, whatever the upstream makes of them
  EXPECT_EQ(reply.transport, Transport::kUdp);
  EXPECT_EQ(tcp_queries(), 1u);
}

TEST_F(UdpTest, OneForgedReplyDoesNotTurnMixingOff) {
  server_->on_udp = [&](const Octets& query, const udp::endpoint& client) {
    server_->SendUdp(Folded(Answer(query, 66)), client);
    server_->SendUdp(Answer(query), client);
  };
  EXPECT_TRUE(Answers(AskUdp()));
  EXPECT_EQ(tcp_queries(), 1u);
  EXPECT_EQ(counters().wrong_letters.value(), 1u);
  EXPECT_TRUE(upstream().keeps_letters());
}

TEST_F(UdpTest, BelievesARowOfFoldedRepliesWhereTcpIsRefused) {
  ChangeUdp(Folded);
  server_->RefuseConnections();
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < LetterMemory::kUnsettledLimit; ++i) {
    EXPECT_TRUE(upstream().keeps_letters());
    EXPECT_TRUE(AskUdp(".").ok());  // has no letters, and so says nothing about them
    EXPECT_EQ(AskUdp().outcome, Outcome::kUnverified);
  }
  ::testing::internal::GetCapturedStderr();
  EXPECT_FALSE(upstream().keeps_letters());
  EXPECT_TRUE(Answers(AskUdp()));
}

TEST_F(UdpTest, MixesNothingWhenToldSo) {
  options_.mix_letters = false;
  ChangeUdp(Folded);
  EXPECT_TRUE(Answers(AskUdp()));
  const auto query = testing::ParseMessage(server_->udp_queries.at(0));
  ASSERT_TRUE(query.ok());
  EXPECT_THAT(query->questions, ::testing::ElementsAre(std::string(kName) + ". IN A"));
}

TEST_F(UdpTest, WaitsNoLongerThanItsTimeout) {
  options_.read_timeout = milliseconds(30);
  IgnoreUdp();
  const auto start = Upstream::Clock::now();
  EXPECT_EQ(AskUdp().outcome, Outcome::kTimeout);
  EXPECT_GE(Upstream::Clock::now() - start, milliseconds(30));
  EXPECT_EQ(server_->udp_queries.size(), 1u);
}

TEST_F(UdpTest, WaitsNoLongerThanTheDeadline) {
  options_.read_timeout = kPatience;
  IgnoreUdp();
  EXPECT_EQ(Finish(Start(QuestionFor(kName), Transport::kUdp, milliseconds(30))).outcome, Outcome::kTimeout);
}

TEST_F(UdpTest, ALateReplyReachesNobody) {
  options_.read_timeout = milliseconds(1);
  std::vector<std::pair<Octets, udp::endpoint>> queries;
  server_->on_udp = [&](const Octets& query, const udp::endpoint& client) { queries.emplace_back(query, client); };
  EXPECT_EQ(AskUdp().outcome, Outcome::kTimeout);
  RunUntil([&] { return queries.size() == 1; });
  server_->on_udp = [&](const Octets& query, const udp::endpoint& client) {
    server_->SendUdp(Answer(queries.at(0).first, 66), queries.at(0).second);
    server_->SendUdp(Answer(query), client);
  };
  for (int i = 0; i < 20; ++i) {
    const Reply reply = AskUdp();
    EXPECT_TRUE(reply.outcome == Outcome::kTimeout || Answers(reply));
  }
}

TEST_F(UdpTest, AClosedPortIsKnownAtOnce) {
  {
    asio::io_context elsewhere;
    udp::socket closed_soon(elsewhere, {asio::ip::address_v4::loopback(), 0});
    options_.port = closed_soon.local_endpoint().port();
  }
  const Reply reply = AskUdp();
  EXPECT_EQ(reply.outcome, Outcome::kUnreachable);
  EXPECT_EQ(reply.why, "Connection refused");
}

TEST_F(UdpTest, AnAddressThatIsNotOursToAskFromIsAnError) {
  options_.source_address = base::ParseIpAddress("192.0.2.1");
  const Reply reply = AskUdp();
  EXPECT_EQ(reply.outcome, Outcome::kUnreachable);
  EXPECT_EQ(reply.why, "Cannot assign requested address");
}

TEST_F(UdpTest, AsksFromTheGivenAddress) {
  options_.source_address = base::ParseIpAddress("127.0.0.3");
  EXPECT_TRUE(Answers(AskUdp()));
  EXPECT_EQ(server_->udp_clients.at(0).address().to_string(), "127.0.0.3");
}

TEST_F(UdpTest, RefusesWhatIsBeyondItsBound) {
  options_.max_udp_in_flight = 40;  // more than are kept for later
  std::vector<std::pair<Octets, udp::endpoint>> queries;
  server_->on_udp = [&](const Octets& query, const udp::endpoint& client) { queries.emplace_back(query, client); };
  for (int round = 0; round < 3; ++round) {
    std::vector<std::shared_ptr<Asked>> asked;
    for (int i = 0; i < 40; ++i) asked.push_back(Start(QuestionFor(kName), Transport::kUdp));
    RunUntil([&] { return queries.size() == 40; });
    EXPECT_EQ(upstream().udp_in_flight(), 40u);
    EXPECT_EQ(AskUdp().outcome, Outcome::kBusy);
    for (const auto& [query, client] : queries) server_->SendUdp(Answer(query), client);
    for (const auto& each : asked) EXPECT_TRUE(Answers(Finish(each)));
    queries.clear();
  }
  EXPECT_EQ(counters().busy.value(), 3u);
}

TEST_F(UdpTest, SpeaksIpv6) {
  if (access("/proc/net/if_inet6", R_OK) != 0) GTEST_SKIP() << "a host without IPv6";
  MakeServer("::1");
  EXPECT_TRUE(Answers(AskUdp()));
}

TEST_F(UdpTest, DestroyingItEndsWhatIsUnderWay) {
  IgnoreUdp();
  std::vector<std::shared_ptr<Asked>> asked;
  for (int i = 0; i < 20; ++i) asked.push_back(Start(QuestionFor(kName), Transport::kUdp));
  RunUntil([&] { return server_->udp_queries.size() == 20; });
  asked.push_back(Start(QuestionFor(kName), Transport::kUdp));  // which has not begun
  upstream_.reset();
  for (const auto& each : asked) EXPECT_EQ(Finish(each).outcome, Outcome::kStopped);
}

TEST_F(UdpTest, ACancelledQuestionEnds) {
  IgnoreUdp();
  const auto asked = Start(QuestionFor(kName), Transport::kUdp);
  RunUntil([&] { return server_->udp_queries.size() == 1; });
  asked->cancel.emit(asio::cancellation_type::terminal);
  RunUntil([&] { return asked->reply.has_value(); });
  EXPECT_FALSE(asked->reply->ok());
  EXPECT_EQ(upstream().udp_in_flight(), 0u);
}

TEST_F(UdpTest, TheEndOfTheLoopMayComeFirst) {
  IgnoreUdp();
  const auto asked = Start(QuestionFor(kName), Transport::kUdp);
  RunUntil([&] { return server_->udp_queries.size() == 1; });
  upstream_.reset();
  server_.reset();
  io_.reset();
  EXPECT_FALSE(asked->reply.has_value());
}

}  // namespace
}  // namespace podnamed::upstream
