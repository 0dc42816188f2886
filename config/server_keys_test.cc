#include "config/server_keys.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace podnamed::config {
namespace {

struct Case {
  std::string_view text;
  std::string_view result;
};

std::string Keys(std::string_view text) {
  const absl::StatusOr<std::vector<ServerKey>> keys = ParseServerKey(text, 53);
  if (!keys.ok()) return std::string(keys.status().message());
  std::string result;
  for (const ServerKey& key : *keys) {
    result += fmt::format("{}{}", result.empty() ? "" : " ", key.ToText());
  }
  return result;
}

TEST(ParseServerKey, ReadsZoneAndPort) {
  for (const Case& c : std::vector<Case>{
           {".", ".:53"},
           {".:1053", ".:1053"},
           {":1053", ".:1053"},
           {"dns://.:0", ".:0"},
           {"DNS://Cluster.LOCAL", "cluster.local.:53"},
           {"tls://.", "tls://.:853"},
           {"TLS://Cluster.local:1853", "tls://cluster.local.:1853"},
           {"tls://10.0.0.0/24", "tls://0.0.10.in-addr.arpa.:853"},
           {"cluster.local.:65535", "cluster.local.:65535"},
           {"10.0.0.0/24", "0.0.10.in-addr.arpa.:53"},
           {"10.0.0.7/24:54", "0.0.10.in-addr.arpa.:54"},
           {"10.0.0.0/22",
            "0.0.10.in-addr.arpa.:53 1.0.10.in-addr.arpa.:53 2.0.10.in-addr.arpa.:53 3.0.10.in-addr.arpa.:53"},
           {"10.0.0.6/31", "6.0.0.10.in-addr.arpa.:53 7.0.0.10.in-addr.arpa.:53"},
           {"10.0.0.6/32", "6.0.0.10.in-addr.arpa.:53"},
           {"0.0.0.0/0", "in-addr.arpa.:53"},
           {"fd00::/8", "d.f.ip6.arpa.:53"},
           {"2001:db8::/31", "8.b.d.0.1.0.0.2.ip6.arpa.:53 9.b.d.0.1.0.0.2.ip6.arpa.:53"},
           {"fd00:10:96::/47:53", "6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa.:53 7.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa.:53"},
           {"0/25.2.0.192.in-addr.arpa", "0/25.2.0.192.in-addr.arpa.:53"},
       }) {
    EXPECT_EQ(Keys(c.text), c.result) << c.text;
  }
}

TEST(ParseZone, ExpandsANetworkToWholeLabels) {
  const absl::StatusOr<std::vector<dns::Name>> zones = ParseZone("128.0.0.0/1");
  ASSERT_TRUE(zones.ok()) << zones.status();
  ASSERT_EQ(zones->size(), 128u);
  for (size_t i = 0; i < zones->size(); ++i) EXPECT_EQ((*zones)[i].ToText(), fmt::format("{}.in-addr.arpa.", 128 + i));
}

TEST(ParseServerKey, RefusesTheRestWithOneSentence) {
  for (const Case& c : std::vector<Case>{
           {"https3://.",
            "\"https3://\" is known to CoreDNS, not supported by podnamed; expected \"dns://\" or \"tls://\""},
           {"dms://.", "unknown scheme \"dms\"; expected \"dns://\", \"tls://\" or none; did you mean \"dns\"?"},
           {"tsl://.", "unknown scheme \"tsl\"; expected \"dns://\", \"tls://\" or none; did you mean \"tls\"?"},
           {"gopher://.", "unknown scheme \"gopher\"; expected \"dns://\", \"tls://\" or none"},
           {".:", "port \"\" is none; expected 0 to 65535"},
           {".:65536", "port \"65536\" is none; expected 0 to 65535"},
           {".:-1", "port \"-1\" is none; expected 0 to 65535"},
           {".:dns", "port \"dns\" is none; expected 0 to 65535"},
           {"a:b:53", "zone \"a:b\" is no domain name; expected one such as \"cluster.local\" or \".\""},
           {"dns://", "zone \"\" is no domain name; expected one such as \"cluster.local\" or \".\""},
           {"(a)", "zone \"(a)\" is no domain name; expected one such as \"cluster.local\" or \".\""},
           {"10.0.0.1", "\"10.0.0.1\" is an address; expected a domain name, or a network (\"10.0.0.1/32\")"},
           {"10.0.0.0/33",
            "\"10.0.0.0/33\" is no network; expected ADDRESS/PREFIX, such as \"10.0.0.0/16\" or \"fd00::/8\""},
           {"10.0.0/24",
            "\"10.0.0/24\" is no network; expected ADDRESS/PREFIX, such as \"10.0.0.0/16\" or \"fd00::/8\""},
           {"fd00:/8", "\"fd00:/8\" is no network; expected ADDRESS/PREFIX, such as \"10.0.0.0/16\" or \"fd00::/8\""},
           {"fd00::/129",
            "\"fd00::/129\" is no network; expected ADDRESS/PREFIX, such as \"10.0.0.0/16\" or \"fd00::/8\""},
           {"fd00::/x", "\"fd00::/x\" is no network; expected ADDRESS/PREFIX, such as \"10.0.0.0/16\" or \"fd00::/8\""},
       }) {
    EXPECT_EQ(Keys(c.text), c.result) << c.text;
  }
  EXPECT_THAT(Keys("a..b"),
              testing::AllOf(testing::StartsWith("zone name \"a..b\""), testing::HasSubstr("; expected ")));
}

}  // namespace
}  // namespace podnamed::config
