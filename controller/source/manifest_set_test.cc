#include "controller/source/manifest_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "controller/testing/record_map.h"
#include "controller/testing/record_text.h"

namespace podnamed::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kNginx =
    "{apiVersion: v1, kind: Service, metadata: {name: nginx}, spec: {clusterIP: None}}\n";
constexpr std::string_view kApi =
    "{apiVersion: v1, kind: Service, metadata: {name: api}, spec: {clusterIP: 10.96.0.1}}\n";

class ManifestSetTest : public ::testing::Test {
 protected:
  // All of them, after the changes.
  std::string Records() {
    EXPECT_EQ(records_.Apply(set_.TakeChanges()), "");
    return ToText(records_.Records());
  }

  ManifestSet set_;
  RecordMap records_;
};

TEST_F(ManifestSetTest, JoinsTheObjectsOfAllFiles) {
  EXPECT_TRUE(set_.Put("d/nginx.yaml", kNginx).ok());
  EXPECT_TRUE(set_.Put("d/api.yaml", kApi).ok());
  EXPECT_EQ(Records(),
            "namespace default\n"
            "service default/api cluster-ip 10.96.0.1\n"
            "service default/nginx headless\n");
  set_.Remove("d/nginx.yaml");
  EXPECT_EQ(Records(),
            "namespace default\n"
            "service default/api cluster-ip 10.96.0.1\n");
}

TEST_F(ManifestSetTest, ABadFileKeepsItsLastGoodObjects) {
  EXPECT_TRUE(set_.Put("d/nginx.yaml", kNginx).ok());
  EXPECT_EQ(set_.Put("d/nginx.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: Nginx\n").status().message(),
            "d/nginx.yaml:4:9: Service: metadata.name: found \"Nginx\", expected a DNS subdomain (lower-case letters, "
            "digits, '-' and '.', at most 253)");
  EXPECT_EQ(Records(),
            "namespace default\n"
            "service default/nginx headless\n");
}

TEST_F(ManifestSetTest, OfDuplicatesTheFirstCountsAndBothPlacesAreNamed) {
  const std::string other =
      "---\n{apiVersion: v1, kind: Service, metadata: {name: nginx}, spec: {clusterIP: 10.96.0.9}}\n";
  EXPECT_TRUE(set_.Put("d/b.yaml", other + "---\n" + std::string(kNginx)).ok());
  EXPECT_TRUE(set_.Put("d/a.yaml", kNginx).ok());
  EXPECT_EQ(Records(),
            "namespace default\n"
            "service default/nginx headless\n");
  EXPECT_THAT(
      set_.Duplicates(),
      ElementsAre(
          "d/b.yaml:2:1: Service default/nginx: found a second time, expected once: d/a.yaml:1:1 is the one that "
          "counts",
          "d/b.yaml:4:1: Service default/nginx: found a second time, expected once: d/a.yaml:1:1 is the one that "
          "counts"));
  set_.Remove("d/a.yaml");
  EXPECT_THAT(set_.Duplicates(),
              ElementsAre(::testing::StartsWith("d/b.yaml:4:1: Service default/nginx: found a second")));
  EXPECT_EQ(Records(),
            "namespace default\n"
            "service default/nginx cluster-ip 10.96.0.9\n");
}

TEST_F(ManifestSetTest, AnObjectMayMoveFromFileToFile) {
  EXPECT_TRUE(set_.Put("d/a.yaml", kNginx).ok());
  Records();
  EXPECT_TRUE(set_.Put("d/b.yaml", kNginx).ok());
  set_.Remove("d/a.yaml");
  EXPECT_THAT(set_.TakeChanges(), IsEmpty());
  EXPECT_TRUE(set_.Put("d/b.yaml", std::string(kApi) + "---\n" + std::string(kNginx)).ok());
  EXPECT_EQ(set_.TakeChanges().size(), 1u);
  EXPECT_THAT(set_.Duplicates(), IsEmpty());
}

TEST_F(ManifestSetTest, KnowsWhereARecordComesFrom) {
  const std::string pod =
      "---\n{apiVersion: v1, kind: Pod, metadata: {name: web-0}, spec: {containers: []}, status: {podIP: 10.0.0.1}}\n";
  const std::string slice =
      "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: s, labels: {kubernetes.io/service-name: "
      "nginx}}, addressType: IPv4, endpoints: [{addresses: [10.0.0.1], targetRef: {kind: Pod, name: web-0}}]}\n";
  ASSERT_TRUE(set_.Put("d/a.yaml", std::string(kNginx) + pod).ok());
  const auto place = [&](feed::v1::Key::Kind kind, const std::string& service, const std::string& name) {
    feed::v1::Key key;
    key.set_kind(kind);
    if (kind != feed::v1::Key::NAMESPACE) key.set_namespace_("default");
    key.set_service(service);
    key.set_name(name);
    return set_.PlaceOf(key);
  };
  EXPECT_EQ(place(feed::v1::Key::SERVICE, "", "nginx"), "d/a.yaml:1:1");
  EXPECT_EQ(place(feed::v1::Key::POD, "", "web-0"), "d/a.yaml:3:1");
  EXPECT_EQ(place(feed::v1::Key::POD_IDENTITY, "nginx", "web-0"), "d/a.yaml:3:1");
  EXPECT_EQ(place(feed::v1::Key::SERVICE, "", "web-0"), "");
  EXPECT_EQ(place(feed::v1::Key::NAMESPACE, "", "default"), "") << "others name it";

  ASSERT_TRUE(set_.Put("d/z.yaml", slice).ok());
  EXPECT_EQ(place(feed::v1::Key::POD_IDENTITY, "nginx", "web-0"), "d/z.yaml:1:1") << "slices say what a service has";
  EXPECT_EQ(place(feed::v1::Key::POD_IDENTITY, "other", "web-0"), "d/a.yaml:3:1");
  set_.Remove("d/a.yaml");
  EXPECT_EQ(place(feed::v1::Key::SERVICE, "", "nginx"), "");
}

TEST_F(ManifestSetTest, KnowsWhichSliceAnEndpointComesFrom) {
  const auto slice = [](const std::string& name, const std::string& labels, const std::string& endpoint) {
    return "---\n{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: " + name + ", labels: {" +
           labels + "}}, addressType: IPv4, endpoints: [{" + endpoint + "}]}\n";
  };
  const std::string own = "kubernetes.io/service-name: nginx";
  const std::string imported =
      "multicluster.kubernetes.io/service-name: nginx, multicluster.kubernetes.io/source-cluster: ";
  const std::string pod = "addresses: [10.0.0.4], targetRef: {kind: Pod, name: web-0}";
  ASSERT_TRUE(set_.Put("d/a.yaml", slice("a", own, "addresses: [10.0.0.1]") + slice("b", own, "addresses: [10.0.0.2]") +
                                       slice("c", own, "addresses: [10.0.0.3], hostname: h") +
                                       slice("d", imported + "west", pod) + slice("e", imported + "east", pod))
                  .ok());
  const auto place = [&](feed::v1::Key::Kind kind, const std::string& name) {
    feed::v1::Key key;
    key.set_kind(kind);
    key.set_namespace_("default");
    key.set_service("nginx");
    key.set_name(name);
    return set_.PlaceOf(key);
  };
  EXPECT_EQ(place(feed::v1::Key::POD_IDENTITY, "10-0-0-1"), "d/a.yaml:2:1");
  EXPECT_EQ(place(feed::v1::Key::POD_IDENTITY, "10-0-0-2"), "d/a.yaml:4:1");
  EXPECT_EQ(place(feed::v1::Key::POD_IDENTITY, "h.10-0-0-3"), "d/a.yaml:6:1");
  EXPECT_EQ(place(feed::v1::Key::IMPORTED_IDENTITY, "web-0.west"), "d/a.yaml:8:1");
  EXPECT_EQ(place(feed::v1::Key::IMPORTED_IDENTITY, "web-0.east"), "d/a.yaml:10:1");
}

TEST_F(ManifestSetTest, NotesWhatItPassesOver) {
  EXPECT_THAT(*set_.Put("d/a.yaml", kNginx), IsEmpty());
  EXPECT_THAT(*set_.Put("d/a.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"),
              ElementsAre("1 object of kind ConfigMap (v1) passed over"));
}

}  // namespace
}  // namespace podnamed::controller
