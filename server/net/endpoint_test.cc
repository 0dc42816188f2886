#include "server/net/endpoint.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/udp.hpp>

namespace podnamed::net {
namespace {

Peer PeerAt(const char* address) {
  const boost::asio::ip::udp::endpoint endpoint(boost::asio::ip::make_address(address), 5353);
  return ToPeer(*endpoint.data());
}

TEST(ToPeer, ReadsBothFamilies) {
  EXPECT_EQ(PeerAt("10.1.2.3").address, *base::ParseIpAddress("10.1.2.3"));
  EXPECT_EQ(PeerAt("10.1.2.3").port, 5353);
  EXPECT_EQ(PeerAt("fd00::7").address, *base::ParseIpAddress("fd00::7"));
  EXPECT_EQ(PeerAt("fd00::7").port, 5353);
}

TEST(ToPeer, TurnsMappedAddressesBackIntoIpv4) {
  EXPECT_EQ(PeerAt("::ffff:10.1.2.3").address, *base::ParseIpAddress("10.1.2.3"));
  EXPECT_FALSE(PeerAt("::10.1.2.3").address.is_v4());
}

}  // namespace
}  // namespace podnamed::net
