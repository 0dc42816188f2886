#include "server/resolve/reverse_name.h"

#include <gtest/gtest.h>

namespace podnamed::resolve {
namespace {

TEST(DashedLabel, IsWhatCoreDnsWritesAndNothingElse) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {{"10.0.0.7", "10-0-0-7"},
                                                                            {"fd00::7", "fd00--7"},
                                                                            {"fd00::", "fd00--0"},
                                                                            {"::1", "--1"},
                                                                            {"1:2:3:4:5:6:7:8", "1-2-3-4-5-6-7-8"}};
  for (const auto& [text, label] : cases) {
    const base::IpAddress address = *base::ParseIpAddress(text);
    EXPECT_EQ(WireOf(MakeDashedLabel(address)).substr(1), label);
    EXPECT_EQ(ParseDashedLabel(label), address);
  }
  for (const std::string_view label :
       {"", "web-0", "10-0-0-256", "10-0-0", "10-0-0-07", "fd00-0-0-0-0-0-0-7", "fd00--", "FD00--7",
        "1-2-3-4-5-6-7-8-9", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    EXPECT_EQ(ParseDashedLabel(label), std::nullopt) << label;
  }
}

TEST(IsReverseZone, KnowsTheTwoTrees) {
  const auto is_reverse = [](std::string_view text) { return IsReverseZone(dns::Name::FromText(text)->Folded()); };
  for (const std::string_view zone : {"in-addr.arpa", "10.in-addr.arpa", "ip6.arpa", "d.f.ip6.arpa"}) {
    EXPECT_TRUE(is_reverse(zone)) << zone;
  }
  for (const std::string_view zone : {".", "arpa", "cluster.local", "xin-addr.arpa"}) {
    EXPECT_FALSE(is_reverse(zone)) << zone;
  }
}

}  // namespace
}  // namespace podnamed::resolve
