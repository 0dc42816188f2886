#include "server/admin/changes.h"

#include <gmock/gmock.h>

#include "server/admin/test_subject.h"
#include "server/testing/entities.h"

namespace podnamed::admin {
namespace {

using podnamed::testing::Headless;
using podnamed::testing::NotReady;
using podnamed::testing::Pod;
using podnamed::testing::WithUid;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class ChangesTest : public ::testing::Test {
 protected:
  ChangesTest() {
    cluster_.Publish({NamespaceNamed("default"), Headless("nginx"), Pod("nginx", "web-0", {"10.0.0.1"})});
  }

  // What publishing `ops` changed, in words.
  std::vector<std::string> TextsOf(std::vector<state::Op> ops) {
    state::SnapshotReader before(cluster_.holder());
    const state::Snapshot* const old = before.Current();
    cluster_.Publish(std::move(ops));
    std::vector<std::string> texts;
    ForEachChange(old, cluster_.Current(),
                  [&](const ObjectChange& change) { texts.push_back(MakeChange(change).text()); });
    return texts;
  }

  TestSubject cluster_;
};

TEST_F(ChangesTest, AMovedPodIsOneChange) {
  EXPECT_THAT(TextsOf({Pod("nginx", "web-0", {"10.0.0.2"})}),
              ElementsAre("pod default/nginx/web-0: address 10.0.0.1 → 10.0.0.2"));
}

TEST_F(ChangesTest, ReadinessIsToldInWords) {
  EXPECT_THAT(TextsOf({NotReady(Pod("nginx", "web-0", {"10.0.0.1"}))}),
              ElementsAre("pod default/nginx/web-0: no longer ready, no longer serving"));
  EXPECT_THAT(TextsOf({Pod("nginx", "web-0", {"10.0.0.1"})}),
              ElementsAre("pod default/nginx/web-0: now ready, now serving"));
}

TEST_F(ChangesTest, WhateverChangesIsSaid) {
  state::PodIdentity web = Pod("nginx", "web-0", {"10.0.0.1"});
  web.zone = "east-1";
  EXPECT_THAT(TextsOf({web}), ElementsAre("pod default/nginx/web-0: zone none → east-1"));
  web.is_pod = false;
  EXPECT_THAT(TextsOf({web}), ElementsAre("endpoint default/nginx/web-0: no longer a pod"));
}

TEST_F(ChangesTest, HowAServiceIsReachedFromOutsideIsSaid) {
  state::Service nginx = Headless("nginx");
  nginx.external_addresses = testing::Addresses({"192.0.2.1"});
  EXPECT_THAT(TextsOf({nginx}), ElementsAre("service default/nginx: from outside none → 192.0.2.1"));
  nginx.external_hostnames = {std::string(NameOfText("lb.example").wire())};
  EXPECT_THAT(TextsOf({nginx}), ElementsAre("service default/nginx: from outside 192.0.2.1 → 192.0.2.1, lb.example."));
}

TEST_F(ChangesTest, AnotherUidIsAnotherPod) {
  EXPECT_THAT(TextsOf({WithUid(7, Pod("nginx", "web-0", {"10.0.0.2"}))}),
              ElementsAre("pod default/nginx/web-0: another one of that name, address 10.0.0.1 → 10.0.0.2"));
}

TEST_F(ChangesTest, WhatComesAndGoes) {
  EXPECT_THAT(TextsOf({Pod("nginx", "web-10", {"10.0.0.10"}), Pod("nginx", "web-2", {"10.0.0.2"})}),
              ElementsAre("pod default/nginx/web-2 is new: 10.0.0.2, ready",
                          "pod default/nginx/web-10 is new: 10.0.0.10, ready"));
  EXPECT_THAT(TextsOf({DeletionOf(Pod("nginx", "web-0", {})), NamespaceNamed("shop")}),
              UnorderedElementsAre("namespace shop is new", "pod default/nginx/web-0 is gone"));
}

TEST_F(ChangesTest, AServiceIsToldForItselfAlone) {
  state::Service nginx = Headless("nginx");
  nginx.publish_not_ready = true;
  EXPECT_THAT(TextsOf({nginx}), ElementsAre("service default/nginx: publishes pods that are not ready"));
}

TEST_F(ChangesTest, NothingIsToldOfWhatStays) { EXPECT_THAT(TextsOf({Headless("nginx")}), IsEmpty()); }

TEST_F(ChangesTest, WithoutAStateBeforeEverythingIsNew) {
  std::vector<std::string> texts;
  ForEachChange(nullptr, cluster_.Current(),
                [&](const ObjectChange& change) { texts.push_back(MakeChange(change).text()); });
  EXPECT_THAT(texts, UnorderedElementsAre("namespace default is new",
                                          "service default/nginx is new: headless, 1 of 1 pods ready",
                                          "pod default/nginx/web-0 is new: 10.0.0.1, ready"));
}

}  // namespace
}  // namespace podnamed::admin
