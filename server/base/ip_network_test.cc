#include "server/base/ip_network.h"

#include <gtest/gtest.h>

namespace podnamed::base {
namespace {

IpAddress Ip(std::string_view text) { return ParseIpAddress(text).value(); }

TEST(ParseIpNetwork, ReadsNetworksAndSingleAddresses) {
  const auto read = [](std::string_view text) {
    const auto network = ParseIpNetwork(text);
    return network ? network->ToString() : "none";
  };
  EXPECT_EQ(read("10.1.2.3/8"), "10.0.0.0/8");
  EXPECT_EQ(read("10.255.2.3/9"), "10.128.0.0/9");
  EXPECT_EQ(read("0.0.0.0/0"), "0.0.0.0/0");
  EXPECT_EQ(read("10.1.2.3"), "10.1.2.3/32");
  EXPECT_EQ(read("fd12:3456::1/15"), "fd12::/15");
  EXPECT_EQ(read("::1"), "::1/128");
  for (const std::string_view wrong : {"", "a", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8 "}) {
    EXPECT_EQ(read(wrong), "none") << wrong;
  }
}

TEST(IpNetwork, ContainsWhatSharesItsPrefix) {
  EXPECT_TRUE(ParseIpNetwork("10.0.0.0/9")->Contains(Ip("10.127.255.255")));
  EXPECT_FALSE(ParseIpNetwork("10.0.0.0/9")->Contains(Ip("10.128.0.0")));
  EXPECT_TRUE(ParseIpNetwork("0.0.0.0/0")->Contains(Ip("255.255.255.255")));
  EXPECT_FALSE(ParseIpNetwork("0.0.0.0/0")->Contains(Ip("::")));
  EXPECT_TRUE(ParseIpNetwork("::1")->Contains(Ip("::1")));
}

TEST(IpNetworkSet, ContainsWhatOneOfThemContains) {
  const IpNetworkSet set({*ParseIpNetwork("10.0.0.0/8"), *ParseIpNetwork("11.0.0.0/8"), *ParseIpNetwork("192.168.7.7"),
                          *ParseIpNetwork("fd00::/8")});
  EXPECT_TRUE(set.Contains(Ip("11.1.1.1")));
  EXPECT_TRUE(set.Contains(Ip("192.168.7.7")));
  EXPECT_TRUE(set.Contains(Ip("fd00::1")));
  EXPECT_FALSE(set.Contains(Ip("192.168.7.8")));
  EXPECT_FALSE(set.Contains(Ip("12.0.0.1")));
  EXPECT_FALSE(IpNetworkSet().Contains(Ip("12.0.0.1")));
}

}  // namespace
}  // namespace podnamed::base
