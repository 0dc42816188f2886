#include "server/plugins/metadata.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/plugins/test_exchange.h"
#include "server/state/snapshot_builder.h"
#include "server/testing/entities.h"

namespace podnamed::plugins {
namespace {

class MetadataTest : public ::testing::Test {
 protected:
  MetadataTest() {
    state::SnapshotBuilder builder;
    builder.Add({state::Namespace{"default", 0}, testing::Headless("nginx"),
                 testing::Pod("nginx", "web-0", {"10.0.0.7", "10.0.0.8"}),
                 testing::Pod("nginx", "web-1", {"10.0.0.8"})});
    holder_.Publish(builder.Build({}, absl::UnixEpoch()));
  }

  std::string Find(std::string_view label, std::string_view name, std::string_view client = "10.0.0.7") {
    TestExchange test(name);
    test.exchange.client = *base::ParseIpAddress(std::string(client));
    test.exchange.entrance = &entrance_;
    test.exchange.upstream = "10.9.9.9:53";
    Metadata metadata({.zones = zones_.empty() ? nullptr : &zones_,
                       .cluster_zones = &cluster_zones_,
                       .clusterset_zones = &clusterset_zones_,
                       .holder = &holder_});
    return metadata.Find(label, test.exchange);
  }

  const Entrance entrance_{"dns://:53", ".", 0, std::nullopt, 53, "inside"};
  std::vector<dns::Name> zones_;
  const std::vector<dns::Name> cluster_zones_ = {*dns::Name::FromText("cluster.local"),
                                                 *dns::Name::FromText("clusterset.local")};
  const std::vector<dns::Name> clusterset_zones_ = {*dns::Name::FromText("clusterset.local")};
  state::SnapshotHolder holder_;
};

TEST_F(MetadataTest, ANameOfTheClusterTellsItsParts) {
  const std::string port = "_http._tcp.Nginx.default.svc.cluster.local.";
  const std::string endpoint = "web-0.east.nginx.default.svc.clusterset.local.";
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"kubernetes/kind", port, "svc"},
      {"kubernetes/namespace", port, "default"},
      {"kubernetes/service", port, "nginx"},
      {"kubernetes/port-name", port, "http"},
      {"kubernetes/protocol", port, "tcp"},
      {"kubernetes/endpoint", port, ""},
      {"kubernetes/endpoint", endpoint, "web-0"},
      {"kubernetes/cluster", endpoint, "east"},
      {"kubernetes/protocol", endpoint, ""},
      {"kubernetes/zone", "eu.west.pin._zone.nginx.default.svc.cluster.local.", "eu.west"},
      {"kubernetes/kind", "10-0-0-1.default.pod.cluster.local.", "pod"},
      {"kubernetes/service", "10-0-0-1.default.pod.cluster.local.", "10-0-0-1"},
      {"kubernetes/parse-error", "a.b.c.cluster.local.", "invalid query name"},
      {"kubernetes/parse-error", port, ""},
      {"kubernetes/kind", "svc.cluster.local.", "svc"},
      {"kubernetes/kind", "dns-version.cluster.local.", ""},
      {"kubernetes/kind", "a.b.c.cluster.local.", ""},
      {"kubernetes/kind", "cluster.local.", ""},
      {"kubernetes/kind", "www.example.com.", ""},
  };
  for (const auto& [label, name, expected] : cases) EXPECT_EQ(Find(label, name), expected) << label << " of " << name;
}

TEST_F(MetadataTest, TheClientIsAPod) {
  EXPECT_EQ(Find("kubernetes/client-namespace", "a."), "default");
  EXPECT_EQ(Find("kubernetes/client-pod-name", "a."), "web-0");
  EXPECT_EQ(Find("kubernetes/client-pod-name", "a.", "10.0.0.8"), "") << "several have the address";
  EXPECT_EQ(Find("kubernetes/client-pod-name", "a.", "10.0.0.9"), "");
}

TEST_F(MetadataTest, OtherPluginsTellToo) {
  EXPECT_EQ(Find("view/name", "a."), "inside");
  EXPECT_EQ(Find("forward/upstream", "a."), "10.9.9.9:53");
  EXPECT_EQ(Find("other/label", "a."), "");
}

TEST_F(MetadataTest, OnlyOfItsZones) {
  zones_ = {*dns::Name::FromText("a")};
  EXPECT_EQ(Find("forward/upstream", "www.a."), "10.9.9.9:53");
  EXPECT_EQ(Find("forward/upstream", "www.b."), "");
}

}  // namespace
}  // namespace podnamed::plugins
