#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "config/test_directives.h"

namespace podnamed::config {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kKubernetes = "kubernetes cluster.local {\nmanifests d\n}\n";

std::string WithCluster(std::string_view directives) { return std::string(kKubernetes).append(directives); }

TEST(K8sExternal, HasDefaults) {
  const ExternalOptions external = *Block(WithCluster("k8s_external")).external;
  EXPECT_THAT(external.zones, ElementsAre(Zone("example.org")));
  EXPECT_EQ(external.ttl, 5);
  EXPECT_EQ(external.names.apex, "\3dns");
  EXPECT_FALSE(external.names.headless);
  EXPECT_FALSE(external.fallthrough.has_value());
}

TEST(K8sExternal, TakesWhatCoreDnsDocuments) {
  const ServerBlockOptions block =
      Block(WithCluster("k8s_external Example.com example.com 192.0.2.0/24 {\napex Names\nttl 3600\nheadless\n"
                        "fallthrough a.example\n}"));
  const ExternalOptions& external = *block.external;
  EXPECT_THAT(external.zones, ElementsAre(Zone("example.com"), Zone("2.0.192.in-addr.arpa")));
  EXPECT_EQ(external.ttl, 3600);
  EXPECT_EQ(external.names.apex, "\5names");
  EXPECT_TRUE(external.names.headless);
  EXPECT_THAT(*external.fallthrough, ElementsAre(Zone("a.example")));
  EXPECT_THAT(*Block(WithCluster("k8s_external {\nfallthrough\n}")).external->fallthrough, ElementsAre(Zone(".")));
  EXPECT_THAT(block.plugins, ElementsAre("k8s_external", "kubernetes")) << "it is asked first";
}

TEST(K8sExternal, RefusesWhatCannotBe) {
  const auto errors = [](std::string_view directives) { return Errors(WithCluster(directives)); };
  EXPECT_EQ(Errors("k8s_external"),
            "Corefile:2:1: k8s_external has no cluster; expected kubernetes in the same server block");
  EXPECT_EQ(errors("k8s_external a\nk8s_external b"),
            "Corefile:6:1: k8s_external stands here a second time; expected once, first at Corefile:5:1");
  EXPECT_EQ(errors("k8s_external {\nttl 3601\n}"), "Corefile:6:5: ttl is \"3601\"; expected 0 to 3600 seconds");
  EXPECT_EQ(errors("k8s_external {\nttl\n}"), "Corefile:6:1: ttl has 0 arguments; expected \"ttl SECONDS\"");
  EXPECT_EQ(errors("k8s_external {\napex a.b\n}"),
            "Corefile:6:6: apex is \"a.b\"; expected one label, such as \"dns\"");
  EXPECT_EQ(errors("k8s_external {\napex\n}"), "Corefile:6:1: apex has 0 arguments; expected \"apex LABEL\"");
  EXPECT_EQ(errors("k8s_external {\nheadless yes\n}"), "Corefile:6:10: headless takes no argument");
  EXPECT_EQ(
      errors("k8s_external {\nheadles\n}"),
      "Corefile:6:1: unknown k8s_external property \"headles\"; expected apex, ttl, headless, fallthrough; did you "
      "mean \"headless\"?");
  EXPECT_EQ(errors("k8s_external 192.0.2.0/24"),
            "Corefile:5:1: k8s_external has reverse zones only; expected a zone for names, such as \"example.org\"");
  EXPECT_EQ(
      errors("k8s_external a..b"),
      "Corefile:5:14: zone name \"a..b\": label 2 is empty; expected a domain name such as \"cluster.local\" or \".\"");
  const std::string label(60, 'a');
  EXPECT_EQ(errors("k8s_external " + label + "." + label + "." + label + "." + label),
            "Corefile:5:1: zone \"" + label + "." + label.substr(0, 19) +
                "…\" has no room for the names in it; expected at most 240 octets");
}

}  // namespace
}  // namespace podnamed::config
