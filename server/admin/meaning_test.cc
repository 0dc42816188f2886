#include "server/admin/meaning.h"

#include <gtest/gtest.h>

#include "server/admin/objects.h"
#include "server/admin/test_subject.h"
#include "server/testing/entities.h"

namespace podnamed::admin {
namespace {

using podnamed::testing::Headless;
using podnamed::testing::Pod;

TEST(Scope, HoldsWhatItsAddressNames) {
  TestSubject cluster;
  state::PodIdentity nameless = Pod("nginx", "web-0", {"10.0.0.1"});
  nameless.hostname.clear();
  cluster.Publish({NamespaceNamed("default"), Headless("nginx"), nameless});
  const state::ServiceBlock& block = *cluster.Current().FindService("default", "nginx");
  inspect::v1::Object object;
  *object.mutable_pod() = MakePod(block, block.identity(0));

  const auto holds = [&](std::string_view label) {
    const dns::Name name = NameOfText(std::string(label) + ".nginx.default.svc.cluster.local");
    return ScopeOf(name, cluster.subject().clusters[0].zones)->Holds(object);
  };
  EXPECT_TRUE(holds("10-0-0-1"));
  EXPECT_FALSE(holds("10-0-0-2"));

  const std::vector<ZoneSubject> outside = {{.name = NameOfText("example.org"), .external_apex = "\3dns"}};
  EXPECT_TRUE(ScopeOf(NameOfText("any.nginx.default.example.org"), outside)->Holds(object)) << "of that service";
  EXPECT_FALSE(ScopeOf(NameOfText("nginx.shop.example.org"), outside)->Holds(object));
  EXPECT_FALSE(ScopeOf(NameOfText("ns1.dns.example.org"), outside).has_value());
}

}  // namespace
}  // namespace podnamed::admin
