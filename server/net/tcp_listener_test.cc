#include "server/net/tcp_listener.h"

#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include <memory>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "server/net/listen_socket.h"
#include "server/net/test_worker.h"

namespace podnamed::net {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

std::string Framed(std::string_view message) {
  const std::string prefix{static_cast<char>(message.size() >> 8), static_cast<char>(message.size())};
  return prefix + std::string(message);
}

class TcpClient : public TestClient {
 public:
  explicit TcpClient(uint16_t port, std::string_view server = "127.0.0.1",
                     std::optional<int> receive_octets = std::nullopt)
      : TestClient(SOCK_STREAM, server, port, receive_octets) {}

  void SendMessage(std::string_view message) { Send(Framed(message)); }

  // The next reply; std::nullopt if the connection ended instead, in whatever way.
  std::optional<std::string> ReceiveMessage() {
    const std::optional<std::string> prefix = ReceiveExactly(2);
    if (!prefix) return std::nullopt;
    return ReceiveExactly(static_cast<uint8_t>((*prefix)[0]) << 8 | static_cast<uint8_t>((*prefix)[1]));
  }
  std::optional<std::string> Ask(std::string_view message) {
    SendMessage(message);
    return ReceiveMessage();
  }

  // The server ended the connection, and did so in good order.
  bool ReachesEnd() { return Receive() == ""; }

  // All that was sent is in the server's kernel.
  void WaitUntilDelivered() {
    const auto deadline = Clock::now() + kPatience;
    int in_flight = 1;
    while (in_flight > 0 && Clock::now() < deadline) {
      ASSERT_EQ(ioctl(fd(), SIOCOUTQ, &in_flight), 0);
      std::this_thread::yield();
    }
    ASSERT_EQ(in_flight, 0);
  }

  // Ends the connection by a RST.
  void Reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    Close();
  }

 private:
  std::optional<std::string> ReceiveExactly(int octets) {
    std::string text(static_cast<size_t>(octets), '\0');
    if (recv(fd(), text.data(), text.size(), MSG_WAITALL) != octets) return std::nullopt;
    return text;
  }
};

class TcpListenerTest : public testing::Test {
 protected:
  void TearDown() override { worker_.Kill(); }

  // Listens on `address`, or on every address when it is empty.
  void Listen(const TcpOptions& options = {}, std::string_view address = "127.0.0.1") {
    auto acceptor = OpenTcpAcceptor(worker_.io.get_executor(),
                                    Endpoint{.address = base::ParseIpAddress(address), .port = 0}, PortUse::kClaim);
    ASSERT_TRUE(acceptor.ok()) << acceptor.status();
    port_ = acceptor->local_endpoint().port();
    listener_.emplace(*std::move(acceptor), handler_, options, worker_.tasks);
    listener_->Start();
    worker_.Start();
  }

  void PostStop(milliseconds grace = kPatience) {
    worker_.Post([this, grace] {
      listener_->Stop();
      worker_.tasks.EndWithin(grace);
    });
  }

  // `count` numbered queries sent in pieces of 1 to `longest_piece` octets are answered in order.
  void AskInPieces(int count, size_t longest_piece) {
    std::string stream;
    for (int i = 0; i < count; ++i) stream += Framed(absl::StrCat("query ", i));
    std::minstd_rand random;
    TcpClient client(port_);
    for (size_t sent = 0; sent < stream.size();) {
      const size_t piece = 1 + random() % longest_piece;
      ASSERT_NO_FATAL_FAILURE(client.Send(std::string_view(stream).substr(sent, piece)));
      sent += std::min(piece, stream.size() - sent);
    }
    for (int i = 0; i < count; ++i) ASSERT_EQ(client.ReceiveMessage(), absl::StrCat("query ", i));
  }

  TestWorker worker_;
  TestHandler handler_;
  uint16_t port_ = 0;
  std::optional<TcpListener> listener_;
};

// Long enough that no deadline but the one of a test passes.
TcpOptions WithoutDeadlines() {
  return {.deadlines = {.first_query = std::chrono::hours(1),
                        .idle = std::chrono::hours(1),
                        .message = std::chrono::hours(1),
                        .write = std::chrono::hours(1)}};
}

TEST_F(TcpListenerTest, AnswersQueriesSentAheadInOrder) {
  Listen();
  AskInPieces(1000, 1 << 20);
}

TEST_F(TcpListenerTest, AnswersQueriesThatArriveOctetByOctet) {
  Listen();
  AskInPieces(1000, 1);
}

TEST_F(TcpListenerTest, AnswersQueriesCutAnywhere) {
  Listen();
  for (size_t longest : {2u, 3u, 7u, 50u, 5000u}) AskInPieces(1000, longest);
}

TEST_F(TcpListenerTest, CarriesMessagesOfAnyLengthBothWays) {
  Listen();
  TcpClient client(port_);
  for (size_t size : {1u, 4093u, 4094u, 4095u, 8191u, 8192u, 65'534u, 65'535u, 5u, 65'535u}) {
    EXPECT_EQ(client.Ask(std::string(size, 'x')), std::string(size, 'x')) << size;
  }
}

TEST_F(TcpListenerTest, WritesMoreRepliesThanOneGatherHolds) {
  Listen();
  TcpClient client(port_);
  std::string stream;
  for (int i = 0; i < 100; ++i) stream += Framed("Long") + Framed("short");
  client.Send(stream);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(client.ReceiveMessage(), std::string(TcpConnection::kMaxMessageOctets, 'L'));
    ASSERT_EQ(client.ReceiveMessage(), "short");
  }
}

TEST_F(TcpListenerTest, NamesTheClientInItsOwnFamily) {
  Listen({}, "");
  EXPECT_EQ(TcpClient(port_, "127.0.0.2").Ask("Who?"), "127.0.0.1");
  if (HostHasIpv6()) {
    EXPECT_EQ(TcpClient(port_, "::1").Ask("Who?"), "::1");
  }
}

TEST_F(TcpListenerTest, KnowsTheAddressThatWasAsked) {
  Listen({}, "");
  EXPECT_EQ(TcpClient(port_, "127.0.0.2").Ask("Asked?"), "127.0.0.2");
  if (HostHasIpv6()) {
    EXPECT_EQ(TcpClient(port_, "::1").Ask("Asked?"), "::1");
  }
}

TEST_F(TcpListenerTest, AnswersAClientThatClosedItsHalf) {
  Listen();
  TcpClient client(port_);
  std::string stream;
  for (int i = 0; i < 1000; ++i) stream += Framed(absl::StrCat("query ", i));
  client.Send(stream);
  shutdown(client.fd(), SHUT_WR);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(client.ReceiveMessage(), absl::StrCat("query ", i));
  EXPECT_TRUE(client.ReachesEnd());
}

TEST_F(TcpListenerTest, ClosesOnALengthOfZeroAfterAnsweringWhatCameBefore) {
  Listen();
  TcpClient client(port_);
  client.Send(Framed("before") + Framed("") + Framed("after"));
  EXPECT_EQ(client.ReceiveMessage(), "before");
  EXPECT_TRUE(client.ReachesEnd());
}

TEST_F(TcpListenerTest, ClosesWhenTheHandlerDrops) {
  Listen();
  TcpClient client(port_);
  client.Send(Framed("before") + Framed("Drop") + Framed("after"));
  EXPECT_EQ(client.ReceiveMessage(), "before");
  EXPECT_TRUE(client.ReachesEnd());
}

TEST_F(TcpListenerTest, ClosesAClientThatAsksNothing) {
  TcpOptions options = WithoutDeadlines();
  options.deadlines.first_query = milliseconds(50);
  Listen(options);
  const auto start = Clock::now();
  TcpClient client(port_);
  EXPECT_TRUE(client.ReachesEnd());
  EXPECT_GE(Clock::now() - start, milliseconds(50));
}

TEST_F(TcpListenerTest, ClosesAClientThatAsksNoMore) {
  TcpOptions options = WithoutDeadlines();
  options.deadlines.idle = milliseconds(50);
  Listen(options);
  TcpClient client(port_);
  const auto start = Clock::now();
  EXPECT_EQ(client.Ask("once"), "once");
  EXPECT_TRUE(client.ReachesEnd());
  EXPECT_GE(Clock::now() - start, milliseconds(50));
}

TEST_F(TcpListenerTest, ClosesAClientThatDoesNotFinishItsQueryHoweverBusyItLooks) {
  TcpOptions options = WithoutDeadlines();
  options.deadlines.message = milliseconds(100);
  Listen(options);
  TcpClient client(port_);
  client.Send(Framed("whole") + Framed(std::string(1000, 'x')).substr(0, 3));
  EXPECT_EQ(client.ReceiveMessage(), "whole");
  pollfd ended{client.fd(), POLLIN, 0};
  int octets = 0;
  while (octets < 900 && poll(&ended, 1, /*milliseconds=*/10) == 0 && send(client.fd(), "x", 1, MSG_NOSIGNAL) == 1) {
    ++octets;
  }
  EXPECT_LT(octets, 900);
  EXPECT_EQ(client.ReceiveMessage(), std::nullopt);
}

TEST_F(TcpListenerTest, ClosesAClientThatDoesNotReadItsReplies) {
  TcpOptions options = WithoutDeadlines();
  options.deadlines.write = milliseconds(50);
  Listen(options);
  TcpClient client(port_, "127.0.0.1", /*receive_octets=*/4096);
  for (int i = 0; i < 100; ++i) client.SendMessage("Long");
  pollfd ended{client.fd(), 0, 0};  // POLLHUP or POLLERR: the RST of a server that has given up
  ASSERT_EQ(poll(&ended, 1, 20'000), 1);
}

TEST_F(TcpListenerTest, KeepsLittleForAClientThatDoesNotReadAndServesTheOthers) {
  Listen(WithoutDeadlines());
  TcpClient silent(port_, "127.0.0.1", /*receive_octets=*/4096);
  const std::string queries = Framed("Long") + Framed("Long") + Framed("Long") + Framed("Long");
  pollfd writable{silent.fd(), POLLOUT, 0};
  size_t sent = 0;
  constexpr size_t kFarTooMuch = 64 << 20;
  while (sent < kFarTooMuch && poll(&writable, 1, /*milliseconds=*/300) == 1) {
    const ssize_t size = send(silent.fd(), queries.data(), queries.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size > 0) sent += static_cast<size_t>(size);
  }
  EXPECT_LT(sent, kFarTooMuch);       // the server has stopped reading,
  EXPECT_LT(handler_.handled(), 32);  // and did so when the first replies did not get through: 2 MiB at most
  EXPECT_EQ(TcpClient(port_).Ask("another"), "another");
}

TEST_F(TcpListenerTest, ResumesWhenASlowClientReads) {
  Listen(WithoutDeadlines());
  TcpClient slow(port_, "127.0.0.1", /*receive_octets=*/4096);
  for (int i = 0; i < 50; ++i) slow.SendMessage("Long");
  for (int i = 0; i < 50; ++i) slow.SendMessage(absl::StrCat("query ", i));
  EXPECT_EQ(TcpClient(port_).Ask("another"), "another");
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(slow.ReceiveMessage(), std::string(TcpConnection::kMaxMessageOctets, 'L'));
  }
  for (int i = 0; i < 50; ++i) ASSERT_EQ(slow.ReceiveMessage(), absl::StrCat("query ", i));
}

TEST_F(TcpListenerTest, ForgetsAClientThatResets) {
  TcpOptions options = WithoutDeadlines();
  options.max_connections = 1;
  Listen(options);
  for (int i = 0; i < 20; ++i) {
    TcpClient client(port_);
    client.Send(Framed("whole") + Framed("cut off").substr(0, 4));
    ASSERT_EQ(client.ReceiveMessage(), "whole");
    client.Reset();
  }
  for (int i = 0; i < 20; ++i) {
    TcpClient client(port_, "127.0.0.1", /*receive_octets=*/4096);
    for (int query = 0; query < 20; ++query) client.SendMessage("Long");
    ASSERT_TRUE(client.Receive().has_value());
    client.Reset();
  }
  EXPECT_EQ(TcpClient(port_).Ask("next"), "next");
}

TEST_F(TcpListenerTest, ClosesTheLongestIdleConnectionForANewcomerAtTheLimit) {
  TcpOptions options;
  options.max_connections = 2;
  Listen(options);
  TcpClient first(port_);
  EXPECT_EQ(first.Ask("first"), "first");
  TcpClient second(port_);
  EXPECT_EQ(second.Ask("second"), "second");
  EXPECT_EQ(first.Ask("first again"), "first again");
  TcpClient third(port_);
  EXPECT_EQ(third.Ask("third"), "third");
  EXPECT_TRUE(second.ReachesEnd());
  EXPECT_EQ(first.Ask("first still"), "first still");
}

TEST_F(TcpListenerTest, RefusesANewcomerAtTheLimitWhenAllAreBusy) {
  TcpOptions options = WithoutDeadlines();
  options.max_connections = 1;
  Listen(options);
  TcpClient busy(port_);
  busy.Send(Framed("whole") + Framed("half").substr(0, 4));
  EXPECT_EQ(busy.ReceiveMessage(), "whole");
  EXPECT_EQ(TcpClient(port_).ReceiveMessage(), std::nullopt);
  busy.Send("lf");
  EXPECT_EQ(busy.ReceiveMessage(), "half");
}

TEST_F(TcpListenerTest, ClosesAnIdleConnectionForANewcomerWhenDescriptorsRunOut) {
  Listen(WithoutDeadlines());
  TcpClient idle(port_);
  EXPECT_EQ(idle.Ask("idle"), "idle");
  TcpClient holder(port_);
  holder.SendMessage("Hold");
  handler_.WaitUntilHeld();
  TcpClient newcomer(port_);
  newcomer.SendMessage("newcomer");

  testing::internal::CaptureStderr();
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const int next_descriptor = dup(newcomer.fd());
  close(next_descriptor);
  const rlimit none_left{.rlim_cur = static_cast<rlim_t>(next_descriptor), .rlim_max = limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none_left), 0);
  handler_.Release();
  EXPECT_EQ(newcomer.ReceiveMessage(), "newcomer");
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "[WARNING] net: cannot accept TCP: Too many open files\n");

  EXPECT_TRUE(idle.ReachesEnd());
  EXPECT_EQ(holder.ReceiveMessage(), "Hold");
  EXPECT_EQ(holder.Ask("still here"), "still here");
}

TEST_F(TcpListenerTest, AnswersWhatHasArrivedBeforeItStops) {
  Listen(WithoutDeadlines());
  constexpr int kClients = 5;
  constexpr int kQueries = 2000;  // more than one read each
  std::string stream;
  for (int i = 0; i < kQueries; ++i) stream += Framed(absl::StrCat("query ", i));

  std::vector<std::unique_ptr<TcpClient>> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<TcpClient>(port_));
    ASSERT_EQ(clients.back()->Ask("hello"), "hello");
  }
  TcpClient holder(port_);
  holder.SendMessage("Hold");
  handler_.WaitUntilHeld();
  for (auto& client : clients) {
    client->Send(stream);
    client->WaitUntilDelivered();
  }
  TcpClient in_backlog(port_);  // connected by the kernel, not yet accepted
  in_backlog.SendMessage("backlog");
  in_backlog.WaitUntilDelivered();
  PostStop();
  handler_.Release();

  EXPECT_EQ(holder.ReceiveMessage(), "Hold");
  for (auto& client : clients) {
    for (int i = 0; i < kQueries; ++i) ASSERT_EQ(client->ReceiveMessage(), absl::StrCat("query ", i));
    EXPECT_TRUE(client->ReachesEnd());
  }
  EXPECT_EQ(in_backlog.ReceiveMessage(), "backlog");
  EXPECT_TRUE(in_backlog.ReachesEnd());
  worker_.Join();
  EXPECT_TRUE(OpenTcpAcceptor(worker_.io.get_executor(),
                              Endpoint{.address = base::ParseIpAddress("127.0.0.1"), .port = port_}, PortUse::kClaim)
                  .ok());  // the port is free again
}

// Who has just connected is about to ask: cut off, its query would be lost.
TEST_F(TcpListenerTest, HearsTheFirstQueryOfWhoHasJustConnectedBeforeItStops) {
  Listen(WithoutDeadlines());
  TcpClient asked(port_);
  EXPECT_EQ(asked.Ask("before"), "before");
  TcpClient client(port_);
  TcpClient silent(port_);
  PostStop();
  EXPECT_TRUE(asked.ReachesEnd()) << "now it has stopped";
  client.SendMessage("first");
  EXPECT_EQ(client.ReceiveMessage(), "first");
  EXPECT_TRUE(client.ReachesEnd());
  EXPECT_TRUE(silent.ReachesEnd()) << "for a moment only";
  worker_.Join();
}

// Who listens at the same address by then may speak another protocol.
TEST_F(TcpListenerTest, TakesNobodyWhoComesAfterItWasStopped) {
  Listen();
  boost::system::error_code error;
  absl::Notification stopped;
  worker_.Post([&] {
    listener_->Stop();
    // Nothing of the listener has had a turn since.
    boost::asio::ip::tcp::socket late(worker_.io);
    late.connect({boost::asio::ip::address_v4::loopback(), port_}, error);
    worker_.tasks.EndWithin(kPatience);
    stopped.Notify();
  });
  ASSERT_TRUE(stopped.WaitForNotificationWithTimeout(absl::FromChrono(kPatience)));
  EXPECT_EQ(error, boost::asio::error::connection_refused);
}

TEST_F(TcpListenerTest, CompletesABegunQueryBeforeItStops) {
  Listen(WithoutDeadlines());
  TcpClient idle(port_);
  EXPECT_EQ(idle.Ask("idle"), "idle");
  TcpClient client(port_);
  client.Send(Framed("whole") + Framed("half").substr(0, 4));
  EXPECT_EQ(client.ReceiveMessage(), "whole");
  PostStop();
  EXPECT_TRUE(idle.ReachesEnd());
  client.Send("lf");
  EXPECT_EQ(client.ReceiveMessage(), "half");
  EXPECT_TRUE(client.ReachesEnd());
  worker_.Join();
}

TEST_F(TcpListenerTest, LeavesNewcomersToAnotherProcessAndAnswersThoseThatItHas) {
  Listen();
  TcpClient silent(port_);
  TcpClient waiting(port_);
  waiting.SendMessage("Pending");
  TcpClient idle(port_);
  EXPECT_EQ(idle.Ask("idle"), "idle");  // so the others have been accepted
  absl::Notification left;
  base::UniqueFd passed;
  worker_.Post([&] {
    passed = listener_->CopyOfSocket();
    listener_->Leave();
    left.Notify();
  });
  left.WaitForNotification();

  const TcpClient newcomer(port_);
  EXPECT_TRUE(idle.ReachesEnd());
  EXPECT_EQ(silent.Ask("late"), "late");
  EXPECT_TRUE(silent.ReachesEnd());
  worker_.Post([this] { handler_.ReplyToPending(); });
  EXPECT_EQ(waiting.ReceiveMessage(), "Pending");
  EXPECT_TRUE(waiting.ReachesEnd());
  worker_.Join();
  EXPECT_TRUE(base::UniqueFd(accept(passed.get(), nullptr, nullptr))) << "the newcomer waits for the other process";
}

TEST_F(TcpListenerTest, DoesNotLeaveAClientThatAsksOnAndOnForEver) {
  Listen();
  TcpClient client(port_);
  ASSERT_EQ(client.Ask("hello"), "hello");
  worker_.Post([this] { listener_->Leave(); });
  const auto began = Clock::now();
  while (client.Ask("again") == "again") ASSERT_LT(Clock::now(), began + kPatience);
  EXPECT_GE(Clock::now(), began + TcpListener::kLeaving);
  worker_.Join();
}

TEST_F(TcpListenerTest, CutsOffAQueryThatDoesNotEndWithinTheGrace) {
  Listen(WithoutDeadlines());
  TcpClient client(port_);
  client.Send(Framed("whole") + Framed("half").substr(0, 4));
  EXPECT_EQ(client.ReceiveMessage(), "whole");
  testing::internal::CaptureStderr();
  PostStop(milliseconds(20));
  EXPECT_EQ(client.ReceiveMessage(), std::nullopt);
  worker_.Join();
  testing::internal::GetCapturedStderr();
}

TEST_F(TcpListenerTest, CutsOffAClientThatDoesNotReadWithinTheGrace) {
  Listen(WithoutDeadlines());
  TcpClient client(port_, "127.0.0.1", /*receive_octets=*/4096);
  for (int i = 0; i < 20; ++i) client.SendMessage("Long");
  ASSERT_TRUE(client.Receive().has_value());
  testing::internal::CaptureStderr();
  PostStop(milliseconds(20));
  worker_.Join();
  testing::internal::GetCapturedStderr();
}

TEST_F(TcpListenerTest, RepliesLaterWhileItAnswersOthers) {
  Listen();
  TcpClient client(port_);
  client.Send(Framed("Pending 1") + Framed("Pending 2") + Framed("at once"));
  EXPECT_EQ(client.ReceiveMessage(), "at once");
  worker_.Post([this] { handler_.ReplyToPending(); });
  EXPECT_EQ(client.ReceiveMessage(), "Pending 2");
  EXPECT_EQ(client.ReceiveMessage(), "Pending 1");
  EXPECT_EQ(client.Ask("again"), "again");
}

TEST_F(TcpListenerTest, KeepsAConnectionThatWaitsForItsReply) {
  TcpOptions options = WithoutDeadlines();
  options.deadlines.idle = milliseconds(20);
  Listen(options);
  TcpClient waiting(port_);
  waiting.Send(Framed("Pending"));
  TcpClient idle(port_);
  EXPECT_EQ(idle.Ask("idle"), "idle");
  EXPECT_TRUE(idle.ReachesEnd());
  worker_.Post([this] { handler_.ReplyToPending(); });
  EXPECT_EQ(waiting.ReceiveMessage(), "Pending");
  EXPECT_TRUE(waiting.ReachesEnd()) << "now it is idle too";
}

TEST_F(TcpListenerTest, ReadsNoFurtherWhileTooManyRepliesAreOwed) {
  Listen();
  TcpClient client(port_);
  std::string stream;
  for (size_t i = 0; i < TcpConnection::kMaxPending; ++i) stream += Framed("Pending");
  client.Send(stream + Framed("at once"));
  TcpClient other(port_);
  EXPECT_EQ(other.Ask("other"), "other");
  worker_.Post([this] { handler_.ReplyToPending(); });
  for (size_t i = 0; i < TcpConnection::kMaxPending; ++i) ASSERT_EQ(client.ReceiveMessage(), "Pending");
  EXPECT_EQ(client.ReceiveMessage(), "at once");
}

TEST_F(TcpListenerTest, KeepsLateRepliesForAClientThatIsSlowToRead) {
  Listen();
  TcpClient client(port_, "127.0.0.1", /*receive_octets=*/4096);
  std::string stream;
  for (int i = 0; i < 100; ++i) stream += Framed("Pending");
  client.Send(stream + Framed("at once"));
  EXPECT_EQ(client.ReceiveMessage(), "at once");
  worker_.Post([this] { handler_.ReplyToPending(60'000); });
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.ReceiveMessage(), "Pending" + std::string(60'000, '.'));
  EXPECT_EQ(client.Ask("again"), "again");
}

TEST_F(TcpListenerTest, SendsAReplyOfManyMessagesAsFastAsItIsTaken) {
  Listen();
  TcpClient client(port_, "127.0.0.1", /*receive_octets=*/4096);
  client.Send(Framed("Many") + Framed("behind"));
  TcpClient other(port_);
  EXPECT_EQ(other.Ask("other"), "other");
  EXPECT_LT(handler_.parts(), TestHandler::kParts) << "no more than the kernel takes, and one";
  for (int i = 0; i < TestHandler::kParts; ++i) {
    const std::optional<std::string> part = client.ReceiveMessage();
    ASSERT_TRUE(part.has_value() && part->starts_with(absl::StrCat("Many ", i, "."))) << i;
  }
  EXPECT_EQ(client.ReceiveMessage(), "behind");
  EXPECT_EQ(client.Ask("again"), "again");
}

TEST_F(TcpListenerTest, GivesUpAReplyOfManyMessagesThatNobodyTakes) {
  TcpOptions options = WithoutDeadlines();
  options.deadlines.write = milliseconds(50);
  Listen(options);
  TcpClient slow(port_, "127.0.0.1", /*receive_octets=*/4096);
  slow.Send(Framed("Many"));
  TcpClient gone(port_, "127.0.0.1", /*receive_octets=*/4096);
  gone.Send(Framed("Many"));
  EXPECT_TRUE(gone.ReceiveMessage().has_value());
  gone.Reset();
  TcpClient other(port_);
  const auto deadline = Clock::now() + kPatience;
  while (handler_.given_up() < 2 && Clock::now() < deadline) ASSERT_EQ(other.Ask("other"), "other");
  EXPECT_EQ(handler_.given_up(), 2);
}

TEST_F(TcpListenerTest, OwesNothingToAClientThatIsGone) {
  Listen(WithoutDeadlines());
  TcpClient client(port_);
  client.Send(Framed("Pending") + Framed("at once"));
  EXPECT_EQ(client.ReceiveMessage(), "at once");
  client.Reset();
  TcpClient other(port_);
  EXPECT_EQ(other.Ask("other"), "other");
  worker_.Post([this] { handler_.ReplyToPending(); });
  EXPECT_EQ(other.Ask("other"), "other");
}

TEST_F(TcpListenerTest, WaitsForLateRepliesToAClientThatClosedItsHalfAndBeforeItStops) {
  Listen(WithoutDeadlines());
  TcpClient half(port_);
  half.Send(Framed("Pending 1") + Framed("at once"));
  EXPECT_EQ(half.ReceiveMessage(), "at once");
  shutdown(half.fd(), SHUT_WR);
  TcpClient client(port_);
  client.Send(Framed("Pending 2") + Framed("at once"));
  EXPECT_EQ(client.ReceiveMessage(), "at once");
  PostStop();
  worker_.Post([this] { handler_.ReplyToPending(); });
  EXPECT_EQ(half.ReceiveMessage(), "Pending 1");
  EXPECT_TRUE(half.ReachesEnd());
  EXPECT_EQ(client.ReceiveMessage(), "Pending 2");
  EXPECT_TRUE(client.ReachesEnd());
  worker_.Join();
}

TEST_F(TcpListenerTest, ClosesAConnectionThatHasAskedAsOftenAsItMay) {
  TcpOptions options = WithoutDeadlines();
  options.max_queries = 3;
  Listen(options);
  TcpClient client(port_);
  client.Send(Framed("one") + Framed("Pending"));
  EXPECT_EQ(client.ReceiveMessage(), "one");
  EXPECT_EQ(client.Ask("three"), "three");
  worker_.Post([this] { handler_.ReplyToPending(); });
  EXPECT_EQ(client.ReceiveMessage(), "Pending") << "it is owed that";
  EXPECT_TRUE(client.ReachesEnd());
  TcpClient greedy(port_);
  std::string stream;
  for (int i = 0; i < 5; ++i) stream += Framed("more");
  greedy.Send(stream);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(greedy.ReceiveMessage(), "more");
  EXPECT_EQ(greedy.ReceiveMessage(), std::nullopt);
}

TEST_F(TcpListenerTest, StopsAtOnceWithoutConnections) {
  Listen();
  PostStop();
  worker_.Join();
}

TEST_F(TcpListenerTest, NewOptionsAreThoseOfNewConnections) {
  Listen(WithoutDeadlines());
  TcpClient before(port_);
  ASSERT_EQ(before.Ask("a"), "a");
  worker_.Post([this] {
    TcpOptions options = WithoutDeadlines();
    options.deadlines.idle = milliseconds(20);
    listener_->set_options(options);
  });
  TcpClient after(port_);
  ASSERT_EQ(after.Ask("b"), "b");
  EXPECT_TRUE(after.ReachesEnd());
  EXPECT_EQ(before.Ask("c"), "c");
}

}  // namespace
}  // namespace podnamed::net
