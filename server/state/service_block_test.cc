#include "server/state/service_block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace podnamed::state {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

base::Ipv4Address V4(std::string_view text) { return base::ParseIpAddress(text)->v4(); }
base::Ipv6Address V6(std::string_view text) { return base::ParseIpAddress(text)->v6(); }

TEST(OrdinalLess, CountsAsAPersonDoes) {
  std::vector<std::string> names = {"web-10", "web-2", "web-0",          "web", "web-02", "db-3",
                                    "web-x",  "7",     "web-99999999999"};
  std::sort(names.begin(), names.end(), OrdinalLess);
  EXPECT_THAT(names, ElementsAre("7", "db-3", "web", "web-0", "web-2", "web-10", "web-02", "web-99999999999", "web-x"));
}

class ServiceBlockTest : public ::testing::Test {
 protected:
  // Three pods: web-0 with two addresses, web-1 not ready, web-2 sharing an address with web-0.
  base::RefPtr<const ServiceBlock> MakeNginx(bool publish_not_ready = false) {
    static const std::vector<base::Ipv4Address> first = {V4("10.0.0.1")};
    static const std::vector<base::Ipv6Address> first_v6 = {V6("fd00::1")};
    static const std::vector<base::Ipv4Address> second = {V4("10.0.0.2")};
    static const std::vector<base::Ipv4Address> third = {V4("10.0.0.1"), V4("10.0.0.3")};
    static const std::vector<PortView> web = {{"http", Protocol::kTcp, 8080}};
    static const std::vector<PortView> web_again = {{"http", Protocol::kTcp, 8080}};
    static const std::vector<PortView> service_ports = {{"http", Protocol::kTcp, 80}, {"dns", Protocol::kUdp, 53}};
    const ServiceSource service{.namespace_name = "default",
                                .name = "nginx",
                                .has_service = true,
                                .uid = 7,
                                .publish_not_ready = publish_not_ready,
                                .ports = service_ports};
    const std::vector<IdentitySource> identities = {
        {"web-0", "web-0", 100, true, true, true, false, first, first_v6, web},
        {"web-1", "one", 101, true, false, true, true, second, {}, web_again},
        {"web-2", "", 102, false, true, true, false, third, {}, {}},
    };
    return ServiceBlock::Make(service, identities);
  }
};

TEST_F(ServiceBlockTest, KeepsTheService) {
  const auto block = MakeNginx();
  EXPECT_EQ(block->name(), "nginx");
  EXPECT_EQ(block->namespace_name(), "default");
  EXPECT_EQ(block->wire_name(), "\5nginx\7default");
  EXPECT_TRUE(block->has_service());
  EXPECT_EQ(block->uid(), 7U);
  EXPECT_EQ(block->external_name(), "");
  ASSERT_EQ(block->port_count(), 2U);
  EXPECT_EQ(block->port(1), (PortView{"dns", Protocol::kUdp, 53}));
}

TEST_F(ServiceBlockTest, KeepsEveryIdentity) {
  const auto block = MakeNginx();
  ASSERT_EQ(block->identity_count(), 3U);
  const auto first = block->identity(0);
  EXPECT_EQ(first.name(), "web-0");
  EXPECT_EQ(first.hostname(), "web-0");
  EXPECT_EQ(first.wire_hostname(), "\5web-0");
  EXPECT_THAT(first.ipv4(), ElementsAre(V4("10.0.0.1")));
  EXPECT_THAT(first.ipv6(), ElementsAre(V6("fd00::1")));
  EXPECT_TRUE(first.is_pod() && first.ready() && first.serving() && !first.terminating());
  const auto second = block->identity(1);
  EXPECT_EQ(second.uid(), 101U);
  EXPECT_EQ(second.hostname(), "one");
  EXPECT_TRUE(!second.ready() && second.serving() && second.terminating());
  const auto third = block->identity(2);
  EXPECT_EQ(third.hostname(), "");
  EXPECT_FALSE(third.is_pod());
  EXPECT_EQ(third.port_count(), 0U);
}

TEST_F(ServiceBlockTest, EqualPortsAreOneSet) {
  const auto block = MakeNginx();
  EXPECT_EQ(block->identity(0).profile(), block->identity(1).profile());
  EXPECT_NE(block->identity(0).profile(), block->identity(2).profile());
  EXPECT_EQ(block->identity(1).port(0), (PortView{"http", Protocol::kTcp, 8080}));
}

TEST_F(ServiceBlockTest, PublishesReadyAddressesOnceEach) {
  EXPECT_THAT(MakeNginx()->published_ipv4(), ElementsAre(V4("10.0.0.1"), V4("10.0.0.3")));
  EXPECT_THAT(MakeNginx()->published_ipv6(), ElementsAre(V6("fd00::1")));
}

TEST_F(ServiceBlockTest, PublishesTheOthersWhenTheServiceAsksForIt) {
  EXPECT_THAT(MakeNginx(true)->published_ipv4(), ElementsAre(V4("10.0.0.1"), V4("10.0.0.2"), V4("10.0.0.3")));
  EXPECT_TRUE(MakeNginx(true)->identity(1).is_published());
}

TEST_F(ServiceBlockTest, FindsByLabelAndByAddress) {
  const auto block = MakeNginx();
  const auto with_label = [&](std::string_view label) {
    std::vector<std::string> names;
    block->ForEachWithLabel(label, [&](auto identity) { names.emplace_back(identity.name()); });
    return names;
  };
  EXPECT_THAT(with_label("web-0"), ElementsAre("web-0"));
  EXPECT_THAT(with_label("one"), ElementsAre("web-1"));
  EXPECT_THAT(with_label("web-1"), IsEmpty()) << "its hostname answers, not its name";
  EXPECT_THAT(with_label("web-2"), ElementsAre("web-2")) << "no hostname: its name is its label";
  EXPECT_THAT(with_label("web-3"), IsEmpty());

  const auto with_address = [&](std::string_view address) {
    std::vector<std::string> names;
    block->ForEachWithAddress(*base::ParseIpAddress(address),
                              [&](auto identity) { names.emplace_back(identity.name()); });
    return names;
  };
  EXPECT_THAT(with_address("10.0.0.1"), ElementsAre("web-0", "web-2"));
  EXPECT_THAT(with_address("fd00::1"), ElementsAre("web-0"));
  EXPECT_THAT(with_address("10.0.0.9"), IsEmpty());
  EXPECT_TRUE(block->HasAddress(*base::ParseIpAddress("10.0.0.2")));
  EXPECT_EQ(block->IndexOfName("web-1"), 1U);
  EXPECT_EQ(block->IndexOfName("one"), block->identity_count());
}

// The name of the identity to which `key` leads; empty if it leads to none.
std::string_view Approached(const ServiceBlock& block, std::optional<uint32_t> key) {
  ServiceBlock::Approach approach(block, key);
  while (approach.Step()) continue;
  return approach.identity() ? approach.identity()->name() : std::string_view();
}

TEST_F(ServiceBlockTest, IsApproachedInSteps) {
  const auto block = MakeNginx();
  EXPECT_EQ(Approached(*block, ServiceBlock::KeyOf("one")), "web-1");
  EXPECT_EQ(Approached(*block, ServiceBlock::KeyOf("web-2")), "web-2");
  EXPECT_EQ(Approached(*block, ServiceBlock::KeyOf(*base::ParseIpAddress("fd00::1"))), "web-0");
  EXPECT_EQ(Approached(*block, std::nullopt), "") << "the service's own answers are of no identity";
  const auto empty = ServiceBlock::Make({.namespace_name = "n", .name = "s", .has_service = true}, {});
  EXPECT_EQ(Approached(*empty, ServiceBlock::KeyOf("web-0")), "");
  EXPECT_EQ(Approached(*empty, std::nullopt), "");
}

TEST(ServiceBlock, AnEmptyServiceAnswersNothing) {
  const auto block = ServiceBlock::Make({.namespace_name = "n", .name = "s", .has_service = true}, {});
  block->ForEachWithLabel("s", [](auto) { FAIL(); });
  EXPECT_THAT(block->published_ipv4(), IsEmpty());
  EXPECT_EQ(block->IndexOfName("s"), 0U);
}

TEST(ServiceBlock, KeepsHowItIsReachedFromOutside) {
  static_assert(sizeof(ServiceBlock) == 104, "each service has one");
  const std::vector<base::Ipv4Address> ipv4 = {V4("192.0.2.1"), V4("192.0.2.2")};
  const std::vector<base::Ipv6Address> ipv6 = {V6("2001:db8::1")};
  const std::vector<base::Ipv4Address> own = {V4("10.96.0.1")};
  const std::vector<base::Ipv4Address> pod = {V4("10.0.0.1")};
  const std::string_view hostnames[] = {std::string_view("\2lb\7example\0", 12), std::string_view("\1a\0", 3)};
  const ServiceSource service{.namespace_name = "n",
                              .name = "s",
                              .has_service = true,
                              .kind = ServiceKind::kClusterIp,
                              .ipv4 = own,
                              .external_ipv4 = ipv4,
                              .external_ipv6 = ipv6,
                              .external_hostnames = hostnames};
  // Published addresses are the identities' own run, or they are not.
  for (const bool ready : {true, false}) {
    const std::vector<IdentitySource> identities = {{"a", "a", 1, true, ready, true, false, pod, {}, {}}};
    const auto block = ServiceBlock::Make(service, identities);
    EXPECT_TRUE(block->has_external());
    EXPECT_THAT(block->cluster_ipv4(), ElementsAre(V4("10.96.0.1")));
    EXPECT_THAT(block->identity(0).ipv4(), ElementsAre(V4("10.0.0.1")));
    EXPECT_EQ(block->published_ipv4().size(), ready ? 1 : 0);
    EXPECT_THAT(block->external_ipv4(), ElementsAre(V4("192.0.2.1"), V4("192.0.2.2")));
    EXPECT_THAT(block->external_ipv6(), ElementsAre(V6("2001:db8::1")));
    std::vector<std::string_view> found;
    block->ForEachExternalHostname([&](std::string_view hostname) { found.push_back(hostname); });
    EXPECT_THAT(found, ElementsAre(hostnames[0], hostnames[1]));
    EXPECT_TRUE(block->HasAddress(*base::ParseIpAddress("192.0.2.2")));
    EXPECT_TRUE(block->HasExternalAddress(*base::ParseIpAddress("2001:db8::1")));
    EXPECT_FALSE(block->HasExternalAddress(*base::ParseIpAddress("10.96.0.1")));
    EXPECT_FALSE(block->HasClusterAddress(*base::ParseIpAddress("192.0.2.2")));
    EXPECT_EQ(block->address_count(), 1U);
  }
  EXPECT_FALSE(ServiceBlock::Make({.namespace_name = "n", .name = "s", .has_service = true}, {})->has_external());
}

TEST(ServiceBlock, AThousandIdentitiesAreEachFound) {
  std::vector<std::string> names;
  std::vector<std::vector<base::Ipv4Address>> addresses;
  for (int i = 0; i < 1000; ++i) {
    names.push_back("web-" + std::to_string(i));
    addresses.push_back({{10, 1, static_cast<uint8_t>(i / 256), static_cast<uint8_t>(i % 256)}});
  }
  std::vector<IdentitySource> identities;
  for (size_t i = 0; i < names.size(); ++i) {
    identities.push_back({names[i], names[i], i + 1, true, true, true, false, addresses[i], {}, {}});
  }
  const auto block = ServiceBlock::Make({.namespace_name = "n", .name = "s", .has_service = true}, identities);
  for (size_t i = 0; i < names.size(); ++i) {
    size_t found = 0;
    block->ForEachWithLabel(names[i], [&](auto identity) { found = identity.uid(); });
    EXPECT_EQ(found, i + 1);
    EXPECT_EQ(block->IndexOfName(names[i]), i);
    block->ForEachWithAddress(base::IpAddress(addresses[i][0]),
                              [&](auto identity) { EXPECT_EQ(identity.uid(), i + 1); });
  }
}

}  // namespace
}  // namespace podnamed::state
