#include "server/admin/explain.h"

#include <gmock/gmock.h>

#include "server/admin/test_subject.h"
#include "server/testing/entities.h"

namespace podnamed::admin {
namespace {

using inspect::v1::ExplainRequest;
using inspect::v1::ExplainResponse;
using inspect::v1::Step;
using podnamed::testing::ClusterIp;
using podnamed::testing::Headless;
using podnamed::testing::InNamespace;
using podnamed::testing::NotReady;
using podnamed::testing::Pod;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ExplainTest : public ::testing::Test {
 protected:
  ExplainTest() {
    cluster_.Publish({NamespaceNamed("default"), NamespaceNamed("shop"), Headless("nginx"),
                      Pod("nginx", "web-0", {"10.0.0.1"}), NotReady(Pod("nginx", "web-1", {"10.0.0.2"})),
                      InNamespace("shop", ClusterIp("cart", {"10.96.0.5"})),
                      InNamespace("shop", Pod("cart", "cart-3", {"10.0.1.3"}))});
  }

  ExplainResponse Explained(const std::string& name, const std::string& as = "") {
    ExplainRequest request;
    request.set_name(name);
    request.set_as(as);
    absl::StatusOr<ExplainResponse> response = Explain(cluster_.subject(), request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *std::move(response) : ExplainResponse();
  }
  std::string ErrorOf(const std::string& name, const std::string& as) {
    ExplainRequest request;
    request.set_name(name);
    request.set_as(as);
    return std::string(Explain(cluster_.subject(), request).status().message());
  }
  static std::vector<std::string> NamesOf(const ExplainResponse& response) {
    std::vector<std::string> names;
    for (const Step& step : response.steps()) names.push_back(step.name());
    return names;
  }

  TestSubject cluster_;
};

TEST_F(ExplainTest, WalksTheSearchPathUpToTheFirstAnswer) {
  const ExplainResponse response = Explained("cart.shop");
  EXPECT_THAT(NamesOf(response), ElementsAre("cart.shop.default.svc.cluster.local.", "cart.shop.svc.cluster.local."));
  EXPECT_EQ(response.steps(0).verdict(), Step::NO_SUCH_NAME);
  EXPECT_EQ(response.steps(1).verdict(), Step::ANSWERS);
  EXPECT_TRUE(response.resolves());
  EXPECT_EQ(response.text(), "service shop/cart: cluster IP 10.96.0.5, 1 of 1 pods ready");
}

TEST_F(ExplainTest, ThePodThatAsksGivesTheSearchPath) {
  for (const char* as : {"cart-3", "shop/cart-3", "10.0.1.3"}) {
    const ExplainResponse response = Explained("cart", as);
    EXPECT_THAT(NamesOf(response), ElementsAre("cart.shop.svc.cluster.local.")) << as;
    EXPECT_EQ(response.client().pod(), "cart-3");
    EXPECT_EQ(response.client().address(), "10.0.1.3");
  }
}

TEST_F(ExplainTest, FiveDotsOrAFinalOneComeFirst) {
  EXPECT_THAT(NamesOf(Explained("no.svc.cluster.local.")), ElementsAre("no.svc.cluster.local."));
  EXPECT_EQ(NamesOf(Explained("a.b.c.d.e.f")).front(), "a.b.c.d.e.f.");
  EXPECT_EQ(NamesOf(Explained("a.b.c.d.e")).back(), "a.b.c.d.e.");
}

TEST_F(ExplainTest, AnAliasOfNothingEndsTheSearchAndDoesNotResolve) {
  state::Service docs = Headless("docs");
  docs.kind = state::ServiceKind::kExternalName;
  docs.external_name = std::string(NameOfText("docs.example.com").wire());
  cluster_.Publish({docs});
  const ExplainResponse response = Explained("docs");
  EXPECT_THAT(NamesOf(response), ElementsAre("docs.default.svc.cluster.local."));
  EXPECT_EQ(response.steps(0).verdict(), Step::NO_ADDRESS);
  EXPECT_FALSE(response.resolves());
  EXPECT_EQ(response.text(), "service default/docs: external name docs.example.com.");
}

TEST_F(ExplainTest, AShortNameMeansWhatTheSearchListMakesOfIt) {
  const ExplainResponse response = Explained("web-0.nginx.", "web-0");
  EXPECT_THAT(NamesOf(response), ElementsAre("web-0.nginx."));
  EXPECT_TRUE(response.resolves());
  EXPECT_EQ(response.text(), "pod default/nginx/web-0: 10.0.0.1, ready");
}

TEST_F(ExplainTest, TheNearestThingIsTheObjectItselfItsServiceOrItsNamespace) {
  EXPECT_FALSE(Explained("web-1.nginx").resolves());
  EXPECT_EQ(Explained("web-1.nginx").text(), "pod default/nginx/web-1: 10.0.0.2, not ready");
  EXPECT_EQ(Explained("web-9.nginx").text(), "service default/nginx: headless, 1 of 2 pods ready");
  EXPECT_EQ(Explained("basket.shop").text(), "namespace shop");
  EXPECT_EQ(Explained("basket").text(), "") << "that the asking pod's namespace exists says nothing";
  EXPECT_EQ(Explained("3.1.0.10.in-addr.arpa").text(), "pod shop/cart/cart-3: 10.0.1.3, ready");
}

TEST_F(ExplainTest, ANameMayMeanSomethingInAnotherCluster) {
  Subject subject = cluster_.subject();
  subject.clusters.push_back(subject.clusters[0]);
  subject.clusters[1].zones = {{NameOfText("other.test")}};
  ExplainRequest request;
  request.set_name("web-0.nginx.default.svc.other.test.");
  EXPECT_EQ(Explain(subject, request)->text(), "pod default/nginx/web-0: 10.0.0.1, ready");
}

TEST_F(ExplainTest, ANameOutsideMeansTheServiceThatIsReachedThereOrCouldBe) {
  state::Service shop = ClusterIp("shop", {"10.96.0.7"});
  shop.external_addresses = testing::Addresses({"192.0.2.7"});
  cluster_.Publish({shop});
  Subject subject = cluster_.subject();
  subject.clusters[0].zones.push_back({.name = NameOfText("example.org"), .external_apex = "\3dns"});
  subject.clusters[0].zones.push_back({.name = NameOfText("2.0.192.in-addr.arpa"), .external_apex = "\3dns"});
  const auto text_of = [&](const std::string& name) {
    ExplainRequest request;
    request.set_name(name);
    const absl::StatusOr<ExplainResponse> response = Explain(subject, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response->text();
  };
  const std::string whole = "service default/shop: cluster IP 10.96.0.7, from outside 192.0.2.7, 0 of 0 pods ready";
  for (const char* name : {"shop.default.example.org", "_http._tcp.shop.default.example.org",
                           "any.shop.default.example.org", "7.2.0.192.in-addr.arpa"}) {
    EXPECT_EQ(text_of(name), whole) << name;
  }
  EXPECT_EQ(text_of("nginx.default.example.org"), "service default/nginx: headless, 1 of 2 pods ready");
  EXPECT_EQ(text_of("web-0.nginx.default.example.org"), "pod default/nginx/web-0: 10.0.0.1, ready");
  EXPECT_EQ(text_of("none.shop.example.org"), "namespace shop");
  EXPECT_EQ(text_of("shop.example.org"), "namespace shop");
  EXPECT_EQ(text_of("ns1.dns.example.org"), "") << "the name server is no service of namespace dns";
  EXPECT_EQ(text_of("none.nowhere.example.org"), "");
}

TEST_F(ExplainTest, OneZoneMayBeForInsideAndOutside) {
  state::Service shop = ClusterIp("shop", {"10.96.0.7"});
  shop.external_addresses = testing::Addresses({"192.0.2.7"});
  cluster_.Publish({shop});
  Subject subject = cluster_.subject();
  subject.clusters[0].zones.push_back({.name = NameOfText("cluster.local"), .external_apex = "\3dns"});
  for (const char* name : {"shop.default.svc.cluster.local.", "shop.default.cluster.local."}) {
    ExplainRequest request;
    request.set_name(name);
    EXPECT_THAT(Explain(subject, request)->text(), HasSubstr("service default/shop")) << name;
  }
  EXPECT_EQ(SearchOf(subject.clusters[0], "default").front(), "default.svc.cluster.local");
}

TEST_F(ExplainTest, AControllerThatIsAwayIsNoFailure) {
  EXPECT_THAT(Explained("web-0.nginx").origin().error(), HasSubstr("the controller does not say"));
}

TEST_F(ExplainTest, SaysWhoIsNotMeant) {
  EXPECT_THAT(ErrorOf("nginx", "nobody"), HasSubstr("found no pod nobody"));
  cluster_.Publish({InNamespace("shop", Pod("cart", "web-0", {"10.0.1.4"}))});
  EXPECT_THAT(ErrorOf("nginx", "web-0"), HasSubstr("there are default/web-0 and shop/web-0"));
  EXPECT_THAT(ErrorOf("a..b", ""), HasSubstr("label"));
  EXPECT_THAT(ErrorOf("10.0.0.1", ""), HasSubstr("found an address"));
}

TEST_F(ExplainTest, HoldsNoState) {
  Explained("web-0.nginx");
  cluster_.Publish({Pod("nginx", "web-0", {"10.0.0.9"})});
  EXPECT_EQ(cluster_.Retired(), 0);
}

}  // namespace
}  // namespace podnamed::admin
