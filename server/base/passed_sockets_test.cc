#include "server/base/passed_sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <string>

namespace podnamed::base {
namespace {

// Bound to a free port of the address, listening if it is TCP.
UniqueFd Open(int type, const char* address, uint16_t& port) {
  const bool is_v4 = std::string(address).find(':') == std::string::npos;
  UniqueFd fd(socket(is_v4 ? AF_INET : AF_INET6, type, 0));
  sockaddr_storage storage = {};
  socklen_t size = 0;
  if (is_v4) {
    auto* const in = reinterpret_cast<sockaddr_in*>(&storage);
    in->sin_family = AF_INET;
    const Ipv4Address octets = ParseIpAddress(address)->v4();
    std::copy(octets.begin(), octets.end(), reinterpret_cast<uint8_t*>(&in->sin_addr));
    size = sizeof(*in);
  } else {
    auto* const in = reinterpret_cast<sockaddr_in6*>(&storage);
    in->sin6_family = AF_INET6;
    const Ipv6Address octets = ParseIpAddress(address)->v6();
    std::copy(octets.begin(), octets.end(), reinterpret_cast<uint8_t*>(&in->sin6_addr));
    size = sizeof(*in);
  }
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), size), 0);
  EXPECT_TRUE(type == SOCK_DGRAM || listen(fd.get(), 1) == 0);
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &size);
  port = ntohs(is_v4 ? reinterpret_cast<sockaddr_in*>(&storage)->sin_port
                     : reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port);
  return fd;
}

TEST(PassedSockets, AreTakenByKindAndEndpointEachOnce) {
  PassedSockets sockets;
  uint16_t udp = 0;
  uint16_t tcp = 0;
  uint16_t any = 0;
  ASSERT_TRUE(sockets.Add(Open(SOCK_DGRAM, "127.0.0.1", udp)).ok());
  ASSERT_TRUE(sockets.Add(Open(SOCK_STREAM, "127.0.0.1", tcp)).ok());
  ASSERT_TRUE(sockets.Add(Open(SOCK_DGRAM, "0.0.0.0", any)).ok());
  const Endpoint here = {ParseIpAddress("127.0.0.1"), udp};
  EXPECT_TRUE(sockets.Overlap(SocketKind::kUdp, here));
  EXPECT_TRUE(sockets.Overlap(SocketKind::kUdp, {ParseIpAddress("127.0.0.2"), any}));
  EXPECT_FALSE(sockets.Overlap(SocketKind::kUdp, {ParseIpAddress("127.0.0.2"), udp}));
  EXPECT_THAT(sockets.Take(SocketKind::kTcp, here).fds, testing::IsEmpty());
  EXPECT_THAT(sockets.Take(SocketKind::kUdp, {std::nullopt, udp}).fds, testing::IsEmpty());
  const PassedSockets::Taken taken = sockets.Take(SocketKind::kUdp, here);
  EXPECT_THAT(taken.fds, testing::SizeIs(1));
  EXPECT_TRUE(taken.may_be_joined);
  EXPECT_THAT(sockets.Take(SocketKind::kUdp, here).fds, testing::IsEmpty()) << "taken";
  EXPECT_THAT(sockets.Take(SocketKind::kUdp, {std::nullopt, any}).fds, testing::SizeIs(1));
  EXPECT_THAT(sockets.Left(), testing::ElementsAre("TCP 127.0.0.1:" + std::to_string(tcp)));
}

TEST(PassedSockets, OfIpv6) {
  PassedSockets sockets;
  uint16_t one = 0;
  uint16_t any = 0;
  ASSERT_TRUE(sockets.Add(Open(SOCK_DGRAM, "::1", one)).ok());
  ASSERT_TRUE(sockets.Add(Open(SOCK_STREAM, "::", any)).ok());
  EXPECT_THAT(sockets.Take(SocketKind::kUdp, {ParseIpAddress("::1"), one}).fds, testing::SizeIs(1));
  EXPECT_THAT(sockets.Take(SocketKind::kTcp, {std::nullopt, any}).fds, testing::SizeIs(1));
}

// A predecessor whose workers share a socket passes it once for each of them.
TEST(PassedSockets, OfOneSocketOneDescriptorIsKept) {
  PassedSockets sockets;
  uint16_t port = 0;
  UniqueFd first = Open(SOCK_DGRAM, "127.0.0.1", port);
  ASSERT_TRUE(sockets.Add(UniqueFd::CopyOf(first.get())).ok());
  ASSERT_TRUE(sockets.Add(std::move(first)).ok());
  EXPECT_THAT(sockets.Left(), testing::SizeIs(1));
}

TEST(PassedSockets, RefuseWhatIsNoneOfOurs) {
  PassedSockets sockets;
  const int family = AF_INET;
  EXPECT_FALSE(sockets.Add(UniqueFd(socket(family, SOCK_STREAM, 0))).ok()) << "it does not listen";
  EXPECT_FALSE(sockets.Add(UniqueFd(socket(AF_UNIX, SOCK_DGRAM, 0))).ok());
  EXPECT_FALSE(sockets.Add(UniqueFd(dup(STDERR_FILENO))).ok());
  EXPECT_THAT(sockets.Left(), testing::IsEmpty());
}

TEST(PassedSockets, OfSystemdAreForTheProcessThatItMeans) {
  setenv("LISTEN_FDS", "1000", 1);
  setenv("LISTEN_PID", "1", 1);
  const auto others = PassedSockets::FromSystemd();
  ASSERT_TRUE(others.ok());
  EXPECT_THAT(others->Left(), testing::IsEmpty());
  setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
  setenv("LISTEN_FDS", "many", 1);
  EXPECT_EQ(PassedSockets::FromSystemd().status().message(), "LISTEN_FDS is \"many\"; expected a number of sockets");
  setenv("LISTEN_FDS", "0", 1);
  EXPECT_TRUE(PassedSockets::FromSystemd().ok());
  EXPECT_EQ(std::getenv("LISTEN_PID"), nullptr);
}

}  // namespace
}  // namespace podnamed::base
