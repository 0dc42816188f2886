#include "server/base/ip_address.h"

#include <gtest/gtest.h>

namespace podnamed::base {
namespace {

TEST(IpAddress, ReadsAndWritesBothFamiliesCanonically) {
  EXPECT_EQ(ParseIpAddress("10.0.0.7")->ToString(), "10.0.0.7");
  EXPECT_EQ(ParseIpAddress("fd00:0:0::0001")->ToString(), "fd00::1");
  EXPECT_TRUE(ParseIpAddress("10.0.0.7")->is_v4());
  EXPECT_FALSE(ParseIpAddress("fd00::1")->is_v4());
}

TEST(IpAddress, RefusesWhatIsNoAddress) {
  for (std::string_view text : {"", "10.0.0", "10.0.0.256", "10.0.0.1/8", "fe80::1%eth0", "web-0", "010.0.0.1"}) {
    EXPECT_EQ(ParseIpAddress(text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseIpAddress(std::string_view("10.0.0.1\0", 9)), std::nullopt);
}

TEST(IpAddress, FamiliesAreNeverEqual) { EXPECT_NE(*ParseIpAddress("0.0.0.0"), *ParseIpAddress("::")); }

}  // namespace
}  // namespace podnamed::base
