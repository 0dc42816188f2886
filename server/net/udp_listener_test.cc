#include "server/net/udp_listener.h"

#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "server/net/listen_socket.h"
#include "server/net/test_worker.h"

namespace podnamed::net {
namespace {

class UdpListenerTest : public testing::Test {
 protected:
  void TearDown() override { worker_.Kill(); }

  // Listens on `address`, or on every address when it is empty.
  void Listen(std::string_view address) {
    auto socket = OpenUdpSocket(worker_.io.get_executor(),
                                Endpoint{.address = base::ParseIpAddress(address), .port = 0}, PortUse::kClaim);
    ASSERT_TRUE(socket.ok()) << socket.status();
    port_ = socket->local_endpoint().port();
    listener_.emplace(*std::move(socket), handler_);
    worker_.tasks.Spawn("UDP listener", listener_->Run());
    worker_.Start();
  }

  void StopAndJoin() {
    worker_.Post([this] { listener_->Stop(); });
    worker_.Join();
  }

  std::optional<std::string> Ask(std::string_view server, std::string_view query) {
    TestClient client(SOCK_DGRAM, server, port_);
    client.Send(query);
    return client.Receive();
  }

  TestWorker worker_;
  TestHandler handler_;
  uint16_t port_ = 0;
  std::optional<UdpListener> listener_;
};

TEST_F(UdpListenerTest, AnswersEveryDatagramOfABatchOfAnySize) {
  Listen("127.0.0.1");
  TestClient client(SOCK_DGRAM, "127.0.0.1", port_);
  for (int count = 1; count <= 100; ++count) {
    std::set<std::string> expected;
    for (int i = 0; i < count; ++i) {
      const std::string query = absl::StrCat("query ", i, " of ", count);
      client.Send(query);
      expected.insert(query);
    }
    std::set<std::string> replies;
    for (int i = 0; i < count; ++i) replies.insert(client.Receive().value_or("nothing"));
    ASSERT_EQ(replies, expected);
  }
  StopAndJoin();
}

TEST_F(UdpListenerTest, AnnouncesWhatHasComeTogether) {
  Listen("127.0.0.1");
  TestClient client(SOCK_DGRAM, "127.0.0.1", port_);
  client.Send("Hold");
  handler_.WaitUntilHeld();
  for (int i = 0; i < 20; ++i) client.Send("together");
  EXPECT_EQ(handler_.most_announced(), 0) << "one alone is not";
  handler_.Release();
  for (int i = 0; i < 21; ++i) EXPECT_TRUE(client.Receive().has_value());
  StopAndJoin();
  EXPECT_EQ(handler_.most_announced(), 20);
}

TEST_F(UdpListenerTest, RepliesOfABatchDoNotMeet) {
  Listen("127.0.0.1");
  TestClient client(SOCK_DGRAM, "127.0.0.1", port_);
  client.Send("Hold");
  handler_.WaitUntilHeld();
  std::multiset<std::string> expected = {"Hold"};
  for (size_t i = 0; i < UdpBatch::kMaxDatagrams; ++i) {
    client.Send("Long");
    expected.insert(std::string(UdpBatch::kMaxReplyOctets, 'L'));
  }
  for (int i = 0; i < 5; ++i) {
    for (const std::string& query : {absl::StrCat("short ", i), std::string("Drop"), std::string("Long")}) {
      client.Send(query);
      if (query != "Drop") expected.insert(query == "Long" ? std::string(UdpBatch::kMaxReplyOctets, 'L') : query);
    }
  }
  handler_.Release();
  std::multiset<std::string> replies;
  for (size_t i = 0; i < expected.size(); ++i) replies.insert(client.Receive().value_or("nothing"));
  EXPECT_EQ(replies, expected);
  StopAndJoin();
}

TEST_F(UdpListenerTest, AnswersFromTheAddressThatWasAsked) {
  Listen("");
  // A connected socket hears only the address that it is connected to.
  EXPECT_EQ(Ask("127.0.0.2", "to two"), "to two");
  EXPECT_EQ(Ask("127.0.0.3", "to three"), "to three");
  if (HostHasIpv6()) {
    EXPECT_EQ(Ask("::1", "to IPv6"), "to IPv6");
  }
}

TEST_F(UdpListenerTest, AnswersFromTheAddressThatWasAskedWithoutIpv6) {
  Listen("0.0.0.0");
  EXPECT_EQ(Ask("127.0.0.2", "to two"), "to two");
  EXPECT_EQ(Ask("127.0.0.3", "to three"), "to three");
}

TEST_F(UdpListenerTest, NamesTheClientInItsOwnFamily) {
  Listen("");
  EXPECT_EQ(Ask("127.0.0.1", "Who?"), "127.0.0.1");
  if (HostHasIpv6()) {
    EXPECT_EQ(Ask("::1", "Who?"), "::1");
  }
}

TEST_F(UdpListenerTest, KnowsTheAddressThatWasAsked) {
  Listen("");
  EXPECT_EQ(Ask("127.0.0.2", "Asked?"), "127.0.0.2");
  if (HostHasIpv6()) {
    EXPECT_EQ(Ask("::1", "Asked?"), "::1");
  }
}

TEST_F(UdpListenerTest, KnowsTheAddressThatWasAskedWithoutIpv6) {
  Listen("0.0.0.0");
  EXPECT_EQ(Ask("127.0.0.3", "Asked?"), "127.0.0.3");
}

TEST_F(UdpListenerTest, HandsOnAnEmptyDatagram) {
  Listen("127.0.0.1");
  EXPECT_EQ(Ask("127.0.0.1", ""), "");
}

TEST_F(UdpListenerTest, SendsAReplyOfTheBuffersFullLength) {
  Listen("127.0.0.1");
  EXPECT_EQ(Ask("127.0.0.1", "Long"), std::string(UdpBatch::kMaxReplyOctets, 'L'));
}

TEST_F(UdpListenerTest, DropsWhatTheHandlerDropsAndWhatIsTooLong) {
  Listen("127.0.0.1");
  TestClient client(SOCK_DGRAM, "127.0.0.1", port_);
  client.Send("Drop");
  client.Send(std::string(UdpBatch::kMaxQueryOctets + 1, 'x'));
  client.Send(std::string(UdpBatch::kMaxQueryOctets, 'x'));
  client.Send("last");
  EXPECT_EQ(client.Receive(), std::string(UdpBatch::kMaxQueryOctets, 'x'));
  EXPECT_EQ(client.Receive(), "last");
}

TEST_F(UdpListenerTest, SurvivesClientsThatAreGoneBeforeTheReply) {
  Listen("");
  for (int i = 0; i < 100; ++i) TestClient(SOCK_DGRAM, "127.0.0.1", port_).Send("gone");  // brings ICMP errors back
  EXPECT_EQ(Ask("127.0.0.1", "still there?"), "still there?");
}

TEST_F(UdpListenerTest, AnswersWhatItHasReceivedBeforeItStops) {
  Listen("127.0.0.1");
  TestClient client(SOCK_DGRAM, "127.0.0.1", port_);
  client.Send("Hold");
  handler_.WaitUntilHeld();
  constexpr int kWaiting = 200;  // several batches
  for (int i = 0; i < kWaiting; ++i) client.Send("waiting");
  worker_.Post([this] { listener_->Stop(); });
  handler_.Release();
  EXPECT_EQ(client.Receive(), "Hold");
  for (int i = 0; i < kWaiting; ++i) ASSERT_EQ(client.Receive(), "waiting") << i;
  worker_.Join();
  // The port is free again.
  EXPECT_TRUE(OpenUdpSocket(worker_.io.get_executor(),
                            Endpoint{.address = base::ParseIpAddress("127.0.0.1"), .port = port_}, PortUse::kClaim)
                  .ok());
}

TEST_F(UdpListenerTest, RepliesLaterFromTheAddressThatWasAsked) {
  Listen("");
  TestClient early(SOCK_DGRAM, "127.0.0.2", port_);
  TestClient late(SOCK_DGRAM, "127.0.0.3", port_);
  early.Send("Pending 1");
  late.Send("Pending 2");
  EXPECT_EQ(Ask("127.0.0.1", "meanwhile"), "meanwhile");
  worker_.Post([this] { handler_.ReplyToPending(); });
  EXPECT_EQ(late.Receive(), "Pending 2");
  EXPECT_EQ(early.Receive(), "Pending 1");
  StopAndJoin();
}

TEST_F(UdpListenerTest, WaitsForLateRepliesBeforeItStops) {
  Listen("127.0.0.1");
  TestClient client(SOCK_DGRAM, "127.0.0.1", port_);
  client.Send("Pending");
  EXPECT_EQ(Ask("127.0.0.1", "the first is at hand"), "the first is at hand");
  worker_.Post([this] {
    listener_->Stop();
    boost::asio::post(worker_.io, [this] { handler_.ReplyToPending(); });
  });
  EXPECT_EQ(client.Receive(), "Pending");
  worker_.Join();
}

TEST_F(UdpListenerTest, DoesNotWaitForRepliesThatAreGivenUp) {
  Listen("127.0.0.1");
  TestClient(SOCK_DGRAM, "127.0.0.1", port_).Send("Pending");
  EXPECT_EQ(Ask("127.0.0.1", "the first is at hand"), "the first is at hand");
  worker_.Post([this] {
    listener_->Stop();
    boost::asio::post(worker_.io, [this] { handler_.ForgetPending(); });
  });
  worker_.Join();
}

TEST_F(UdpListenerTest, EndsWhenCancelled) {
  Listen("127.0.0.1");
  worker_.Post([this] { worker_.tasks.CancelAll(); });
  worker_.Join();
}

}  // namespace
}  // namespace podnamed::net
