// Questions over TCP, and what a server may do to connections.
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>

#include "gtest/gtest.h"
#include "server/upstream/stream_client.h"
#include "server/upstream/test_fixture.h"

namespace podnamed::upstream {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::milliseconds;
using Connection = TestNameServer::Connection;

class StreamTest : public UpstreamTest {
 protected:
  struct Waiting {
    std::shared_ptr<Connection> connection;
    Octets query;
  };

  // The server keeps queries instead of answering them.
  void HoldQueries() {
    server_->on_stream = [this](Connection& connection, const Octets& query) {
      held_.push_back({connection.shared_from_this(), query});
    };
  }
  void WaitUntilHeld(size_t count) {
    RunUntil([&] { return held_.size() >= count; });
  }
  void Release() {
    for (const Waiting& waiting : held_) waiting.connection->Send(Answer(waiting.query));
    held_.clear();
  }
  std::vector<std::shared_ptr<Asked>> StartMany(size_t count) {
    std::vector<std::shared_ptr<Asked>> asked;
    for (size_t i = 0; i < count; ++i) asked.push_back(Start(QuestionFor(kName), Transport::kTcp));
    return asked;
  }

  std::vector<Waiting> held_;
};

TEST_F(StreamTest, KeepsItsConnection) {
  for (int i = 0; i < 10; ++i) {
    const Reply reply = AskTcp();
    EXPECT_TRUE(Answers(reply));
    EXPECT_EQ(reply.transport, Transport::kTcp);
  }
  EXPECT_EQ(server_->accepted, 1);
  EXPECT_EQ(misses(Transport::kTcp), 1u);
  EXPECT_EQ(hits(Transport::kTcp), 9u);
}

TEST_F(StreamTest, MatchesRepliesInAnyOrder) {
  HoldQueries();
  constexpr size_t kQuestions = 10;
  std::vector<std::shared_ptr<Asked>> asked;
  for (size_t i = 0; i < kQuestions; ++i) {
    asked.push_back(Start(QuestionFor(std::to_string(i) + ".example"), Transport::kTcp));
  }
  WaitUntilHeld(kQuestions);
  EXPECT_EQ(server_->accepted, 1);
  for (size_t i = kQuestions; i > 0; --i) {
    held_[i - 1].connection->Send(Answer(held_[i - 1].query, static_cast<uint8_t>(held_[i - 1].query[13])));
  }
  for (size_t i = 0; i < kQuestions; ++i) {
    const std::string name = std::to_string(i) + ".example";
    EXPECT_TRUE(Answers(Finish(asked[i]), name, static_cast<uint8_t>(name[0])));
  }
}

TEST_F(StreamTest, ReadsRepliesCutAnywhere) {
  server_->on_stream = [](Connection& connection, const Octets& query) {
    for (const uint8_t octet : Connection::Framed(Answer(query))) connection.SendOctets({octet});
  };
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Answers(AskTcp()));
}

TEST_F(StreamTest, TakesRepliesOfAnyLength) {
  for (const size_t size : {4096u, 65'535u, 512u}) {
    server_->on_stream = [size](Connection& connection, const Octets& query) {
      Octets answer = Answer(query);
      answer.resize(size);
      connection.Send(answer);
    };
    const Reply reply = AskTcp();
    ASSERT_TRUE(reply.ok());
    EXPECT_EQ(reply.message.size(), size);
  }
}

TEST_F(StreamTest, DialsAnewWhenTheServerHasClosed) {
  server_->on_stream = [](Connection& connection, const Octets& query) {
    connection.Send(Answer(query));
    connection.Close();
  };
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Answers(AskTcp()));
  EXPECT_EQ(server_->accepted, 5);
}

TEST_F(StreamTest, AsksAnewWhenAConnectionInUseIsClosed) {
  server_->on_stream = [answered = false](Connection& connection, const Octets& query) mutable {
    if (std::exchange(answered, !answered)) return connection.Close();  // every second query
    connection.Send(Answer(query));
  };
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Answers(AskTcp()));
  EXPECT_EQ(counters().retries.value(), 4u);
  EXPECT_EQ(server_->accepted, 5);
}

TEST_F(StreamTest, DialsOneConnectionForAllThatAreAskedAnew) {
  EXPECT_TRUE(Answers(AskTcp()));
  HoldQueries();
  const auto asked = StartMany(10);
  WaitUntilHeld(10);
  held_.clear();
  server_->CloseConnections();
  WaitUntilHeld(10);
  Release();
  for (const auto& each : asked) EXPECT_TRUE(Answers(Finish(each)));
  EXPECT_EQ(server_->accepted, 2);
  EXPECT_EQ(counters().retries.value(), 10u);
}

TEST_F(StreamTest, AsksAnewAsLongAsEachConnectionAnswersSomething) {
  server_->on_stream = [](Connection& connection, const Octets& query) {
    if (!connection.is_open()) return;
    connection.Send(Answer(query));
    connection.Close();
  };
  for (const auto& asked : StartMany(3)) EXPECT_TRUE(Answers(Finish(asked)));
}

TEST_F(StreamTest, GivesUpOnAServerThatOnlyCloses) {
  server_->on_stream = [](Connection& connection, const Octets&) { connection.Close(); };
  const Reply reply = AskTcp();
  EXPECT_EQ(reply.outcome, Outcome::kClosed);
  EXPECT_FALSE(reply.why.empty());
  EXPECT_EQ(server_->accepted, 1);
}

TEST_F(StreamTest, HalfAMessageIsNone) {
  server_->on_stream = [](Connection& connection, const Octets& query) {
    Octets octets = Connection::Framed(Answer(query));
    octets.pop_back();
    connection.SendOctets(octets);
    connection.Close();
  };
  EXPECT_EQ(AskTcp().outcome, Outcome::kClosed);
}

TEST_F(StreamTest, ASilentConnectionIsNotAskedTwice) {
  EXPECT_TRUE(Answers(AskTcp()));
  upstream_.reset();
  options_.read_timeout = milliseconds(30);
  EXPECT_TRUE(Answers(AskTcp()));
  HoldQueries();
  EXPECT_EQ(AskTcp().outcome, Outcome::kTimeout);
  EXPECT_EQ(upstream().connections(), 0u);
  server_->on_stream = [](Connection& connection, const Octets& query) { connection.Send(Answer(query)); };
  EXPECT_TRUE(Answers(AskTcp()));
  EXPECT_EQ(server_->accepted, 3);
}

TEST_F(StreamTest, ASlowReplyDoesNotCostTheConnection) {
  EXPECT_TRUE(Answers(AskTcp()));
  HoldQueries();
  const auto slow = Start(QuestionFor("slow.example"), Transport::kTcp, milliseconds(30));
  WaitUntilHeld(1);
  const auto quick = Start(QuestionFor("quick.example"), Transport::kTcp);
  WaitUntilHeld(2);
  held_[1].connection->Send(Answer(held_[1].query));
  EXPECT_TRUE(Answers(Finish(quick), "quick.example"));
  EXPECT_EQ(Finish(slow).outcome, Outcome::kTimeout);
  EXPECT_EQ(upstream().connections(), 1u);
  held_[0].connection->Send(Answer(held_[0].query));  // nobody waits any more
  server_->on_stream = [](Connection& connection, const Octets& query) { connection.Send(Answer(query)); };
  EXPECT_TRUE(Answers(AskTcp()));
  EXPECT_EQ(server_->accepted, 1);
  EXPECT_EQ(counters().wrong_ids.value(), 1u);
}

TEST_F(StreamTest, ARefusedConnectionIsKnownAtOnce) {
  server_->RefuseConnections();
  const Reply reply = AskTcp();
  EXPECT_EQ(reply.outcome, Outcome::kUnreachable);
  EXPECT_EQ(reply.why, "Connection refused");
}

TEST_F(StreamTest, WaitsNoLongerForAConnectionThanItsTimeout) {
  // A listener whose backlog is full lets the kernel drop what would connect.
  asio::io_context elsewhere;
  tcp::acceptor full(elsewhere);
  full.open(tcp::v4());
  full.bind({asio::ip::address_v4::loopback(), 0});
  full.listen(0);
  tcp::socket first(elsewhere);
  first.connect(full.local_endpoint());
  options_.port = full.local_endpoint().port();
  options_.connect_timeout = milliseconds(30);
  const Reply reply = AskTcp();
  EXPECT_EQ(reply.outcome, Outcome::kTimeout);
  EXPECT_EQ(reply.why, "the connection was not made in time");
}

TEST_F(StreamTest, AReplyToAnotherQuestionIsNamed) {
  server_->on_stream = [](Connection& connection, const Octets& query) {
    connection.Send(ToOtherQuestion(Answer(query)));
  };
  EXPECT_EQ(AskTcp().outcome, Outcome::kWrongQuestion);
}

TEST_F(StreamTest, PassesOverWhatNobodyAskedFor) {
  server_->on_stream = [](Connection& connection, const Octets& query) {
    connection.Send({});
    connection.Send({1, 2, 3});
    connection.Send(WithId(Answer(query, 66), IdOf(query) ^ 1));
    connection.Send(query);
    connection.Send(Answer(query));
    connection.Send(Answer(query, 66));
  };
  EXPECT_TRUE(Answers(AskTcp()));
  EXPECT_TRUE(Answers(AskTcp()));
  EXPECT_GE(counters().wrong_ids.value(), 9u);
}

TEST_F(StreamTest, LeavesAServerThatFloods) {
  server_->on_stream = [](Connection& connection, const Octets& query) {
    for (int i = 1; i < 1000; ++i) connection.Send(WithId(Answer(query), IdOf(query) ^ i));
  };
  const Reply reply = AskTcp();
  EXPECT_EQ(reply.outcome, Outcome::kClosed);
  EXPECT_EQ(reply.why, "the server sends what nobody asked for");
}

TEST_F(StreamTest, DialsMoreConnectionsForManyQuestionsAndRefusesTooMany) {
  options_.streams.max_connections = 3;
  options_.streams.max_in_flight_per_connection = 20;
  HoldQueries();
  const auto asked = StartMany(61);
  WaitUntilHeld(60);
  EXPECT_EQ(server_->accepted, 3);
  EXPECT_EQ(upstream().connections(), 3u);
  EXPECT_EQ(Finish(asked.back()).outcome, Outcome::kBusy);
  EXPECT_EQ(counters().busy.value(), 1u);
  Release();
  for (size_t i = 0; i < 60; ++i) EXPECT_TRUE(Answers(Finish(asked[i])));
}

TEST_F(StreamTest, ClosesAnIdleConnection) {
  options_.expire = milliseconds(20);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(Answers(AskTcp()));
    RunUntil([&] { return upstream().connections() == 0 && server_->open_connections() == 0; });
  }
  EXPECT_EQ(server_->accepted, 3);
}

TEST_F(StreamTest, AConnectionThatWaitsIsNotIdle) {
  options_.expire = milliseconds(5);
  HoldQueries();
  const auto asked = Start(QuestionFor(kName), Transport::kTcp);
  WaitUntilHeld(1);
  io_->run_for(milliseconds(30));
  Release();
  EXPECT_TRUE(Answers(Finish(asked)));
}

TEST_F(StreamTest, KeepsNoMoreIdleConnectionsThanAllowed) {
  options_.streams.max_idle_connections = 1;
  HoldQueries();
  const auto asked = StartMany(3 * StreamClient::kPipelineDepth);
  WaitUntilHeld(asked.size());
  EXPECT_EQ(upstream().connections(), 3u);
  Release();
  for (const auto& each : asked) EXPECT_TRUE(Answers(Finish(each)));
  EXPECT_EQ(upstream().connections(), 1u);
}

TEST_F(StreamTest, RestoresLettersThatAServerFolds) {
  server_->on_stream = [](Connection& connection, const Octets& query) { connection.Send(Folded(Answer(query))); };
  EXPECT_TRUE(Answers(AskTcp()));
}

TEST_F(StreamTest, AsksFromTheGivenAddress) {
  options_.source_address = base::ParseIpAddress("127.0.0.3");
  EXPECT_TRUE(Answers(AskTcp()));
}

TEST_F(StreamTest, DestroyingItEndsWhatIsUnderWay) {
  HoldQueries();
  auto asked = StartMany(20);
  WaitUntilHeld(20);
  asked.push_back(Start(QuestionFor(kName), Transport::kTcp));  // which has not begun
  upstream_.reset();
  for (const auto& each : asked) EXPECT_EQ(Finish(each).outcome, Outcome::kStopped);
  RunUntil([&] { return server_->open_connections() == 0; });
}

TEST_F(StreamTest, DestroyingItEndsDialling) {
  const auto asked = Start(QuestionFor(kName), Transport::kTcp);
  io_->poll_one();  // the question has begun, its connection has not
  upstream_.reset();
  EXPECT_EQ(Finish(asked).outcome, Outcome::kStopped);
}

TEST_F(StreamTest, ACancelledQuestionLeavesTheOthersAlone) {
  HoldQueries();
  const auto asked = StartMany(2);
  WaitUntilHeld(2);
  asked[0]->cancel.emit(asio::cancellation_type::terminal);
  RunUntil([&] { return asked[0]->reply.has_value(); });
  EXPECT_FALSE(asked[0]->reply->ok());
  Release();
  EXPECT_TRUE(Answers(Finish(asked[1])));
}

TEST_F(StreamTest, TheEndOfTheLoopMayComeFirst) {
  HoldQueries();
  const auto asked = Start(QuestionFor(kName), Transport::kTcp);
  WaitUntilHeld(1);
  held_.clear();
  upstream_.reset();
  server_.reset();
  io_.reset();
  EXPECT_FALSE(asked->reply.has_value());
}

}  // namespace
}  // namespace podnamed::upstream
