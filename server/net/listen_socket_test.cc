#include "server/net/listen_socket.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "server/net/test_worker.h"

namespace podnamed::net {
namespace {

namespace asio = boost::asio;

class ListenSocket : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string_view(GetParam()) != "127.0.0.1" && !HostHasIpv6()) GTEST_SKIP() << "this host has no IPv6";
  }
  Endpoint At(uint16_t port) const { return {.address = base::ParseIpAddress(GetParam()), .port = port}; }

  std::string TakenMessage(std::string_view protocol, uint16_t port) const {
    return fmt::format("cannot listen on {} {}: address already in use; another name server is running there", protocol,
                       At(port).ToString());
  }

  asio::io_context io_{1};
};

// The empty string is no address: every address of the host.
INSTANTIATE_TEST_SUITE_P(Addresses, ListenSocket, testing::Values("127.0.0.1", "::1", ""));

TEST_P(ListenSocket, ClaimsAUdpPortForThisProcessAlone) {
  auto first = OpenUdpSocket(io_.get_executor(), At(0), PortUse::kClaim);
  ASSERT_TRUE(first.ok()) << first.status();
  const uint16_t port = first->local_endpoint().port();
  const auto rival = OpenUdpSocket(io_.get_executor(), At(port), PortUse::kClaim);
  EXPECT_EQ(rival.status().message(), TakenMessage("UDP", port));
  const auto second = OpenUdpSocket(io_.get_executor(), At(port), PortUse::kShare);
  ASSERT_TRUE(second.ok()) << second.status();
  const auto late_rival = OpenUdpSocket(io_.get_executor(), At(port), PortUse::kClaim);
  EXPECT_FALSE(late_rival.ok());
}

TEST_P(ListenSocket, ClaimsATcpPortForThisProcessAlone) {
  auto first = OpenTcpAcceptor(io_.get_executor(), At(0), PortUse::kClaim);
  ASSERT_TRUE(first.ok()) << first.status();
  const uint16_t port = first->local_endpoint().port();
  const auto rival = OpenTcpAcceptor(io_.get_executor(), At(port), PortUse::kClaim);
  EXPECT_EQ(rival.status().message(), TakenMessage("TCP", port));
  const auto second = OpenTcpAcceptor(io_.get_executor(), At(port), PortUse::kShare);
  EXPECT_TRUE(second.ok()) << second.status();
}

TEST_P(ListenSocket, SpreadsClientsOverTheSocketsOfOneEndpoint) {
  auto first = OpenUdpSocket(io_.get_executor(), At(0), PortUse::kClaim);
  ASSERT_TRUE(first.ok()) << first.status();
  const uint16_t port = first->local_endpoint().port();
  auto second = OpenUdpSocket(io_.get_executor(), At(port), PortUse::kShare);
  ASSERT_TRUE(second.ok()) << second.status();

  const char* const server = std::string_view(GetParam()).empty() ? "127.0.0.1" : GetParam();
  bool first_got = false;
  bool second_got = false;
  for (int client = 0; client < 200 && !(first_got && second_got); ++client) {  // by the hash of the client's port
    TestClient(SOCK_DGRAM, server, port).Send("x");
    pollfd sockets[] = {{first->native_handle(), POLLIN, 0}, {second->native_handle(), POLLIN, 0}};
    ASSERT_GT(poll(sockets, 2, 20'000), 0);
    first_got = sockets[0].revents != 0;
    second_got = sockets[1].revents != 0;
  }
  EXPECT_TRUE(first_got && second_got);
}

TEST_P(ListenSocket, ThatAnotherProcessBoundKeepsWhatLiesInIt) {
  auto first = OpenUdpSocket(io_.get_executor(), At(0), PortUse::kClaim);
  ASSERT_TRUE(first.ok()) << first.status();
  const uint16_t port = first->local_endpoint().port();
  const char* const server = std::string_view(GetParam()).empty() ? "127.0.0.1" : GetParam();
  TestClient(SOCK_DGRAM, server, port).Send("x");
  auto passed = AdoptUdpSocket(io_.get_executor(), At(port), base::UniqueFd(dup(first->native_handle())));
  ASSERT_TRUE(passed.ok()) << passed.status();
  first->close();
  pollfd wait = {passed->native_handle(), POLLIN, 0};
  EXPECT_EQ(poll(&wait, 1, 20'000), 1);
  EXPECT_TRUE(OpenUdpSocket(io_.get_executor(), At(port), PortUse::kShare).ok()) << "further workers join it";

  auto acceptor = OpenTcpAcceptor(io_.get_executor(), At(0), PortUse::kClaim);
  ASSERT_TRUE(acceptor.ok()) << acceptor.status();
  const uint16_t tcp_port = acceptor->local_endpoint().port();
  auto passed_acceptor =
      AdoptTcpAcceptor(io_.get_executor(), At(tcp_port), base::UniqueFd(dup(acceptor->native_handle())));
  ASSERT_TRUE(passed_acceptor.ok()) << passed_acceptor.status();
  acceptor->close();
  const TestClient client(SOCK_STREAM, server, tcp_port);
  wait.fd = passed_acceptor->native_handle();
  EXPECT_EQ(poll(&wait, 1, 20'000), 1);
}

TEST(ListenSocketErrors, SayThatTheHostHasNoSuchAddress) {
  asio::io_context io(1);
  const Endpoint elsewhere{.address = base::ParseIpAddress("203.0.113.1"), .port = 5353};
  EXPECT_EQ(OpenUdpSocket(io.get_executor(), elsewhere, PortUse::kClaim).status().message(),
            "cannot listen on UDP 203.0.113.1:5353: this host has no such address");
  EXPECT_EQ(OpenTcpAcceptor(io.get_executor(), elsewhere, PortUse::kClaim).status().message(),
            "cannot listen on TCP 203.0.113.1:5353: this host has no such address");
}

TEST(ListenSocketErrors, SayWhatPermissionIsMissing) {
  constexpr uid_t kNobody = 65534;
  const bool was_root = geteuid() == 0;
  if (was_root) {
    ASSERT_EQ(seteuid(kNobody), 0);  // root's capabilities rest with it
  }
  asio::io_context io(1);
  const auto socket = OpenUdpSocket(
      io.get_executor(), Endpoint{.address = base::ParseIpAddress("127.0.0.1"), .port = 53}, PortUse::kClaim);
  if (was_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  if (socket.ok()) GTEST_SKIP() << "here everyone may bind port 53";
  EXPECT_EQ(
      socket.status().message(),
      "cannot listen on UDP 127.0.0.1:53: permission denied; run as root or give the program CAP_NET_BIND_SERVICE");
}

}  // namespace
}  // namespace podnamed::net
