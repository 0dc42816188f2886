#include "server/admin/list.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "server/admin/test_subject.h"
#include "server/testing/entities.h"

namespace podnamed::admin {
namespace {

using podnamed::testing::ClusterIp;
using podnamed::testing::Headless;
using podnamed::testing::InNamespace;
using podnamed::testing::Pod;
using ::testing::ElementsAre;

std::string NameOf(const inspect::v1::Pod& pod) {
  return fmt::format("{}/{}/{}", pod.namespace_(), pod.service(), pod.name());
}

std::vector<std::string> AllPods(PodLister& lister) {
  std::vector<std::string> names;
  while (const auto piece = lister.Next()) {
    EXPECT_LE(piece->pods_size(), static_cast<int>(kListPiece));
    for (const inspect::v1::Pod& pod : piece->pods()) names.push_back(NameOf(pod));
  }
  return names;
}

TEST(List, IsInOrder) {
  TestSubject cluster;
  cluster.Publish({InNamespace("shop", Headless("cart")), Headless("nginx"), ClusterIp("api", {"10.96.0.1"}),
                   Pod("nginx", "web-10", {"10.0.0.10"}), Pod("nginx", "web-2", {"10.0.0.2"}),
                   InNamespace("shop", Pod("cart", "cart-0", {"10.0.1.1"})),
                   state::Pod{.namespace_name = "default", .name = "job-1", .uid = 0, .addresses = {}}});
  PodLister pods(cluster.holder(), "");
  EXPECT_THAT(AllPods(pods),
              ElementsAre("default//job-1", "default/nginx/web-2", "default/nginx/web-10", "shop/cart/cart-0"));
  PodLister of_shop(cluster.holder(), "shop");
  EXPECT_THAT(AllPods(of_shop), ElementsAre("shop/cart/cart-0"));
  ServiceLister services(cluster.holder(), "default");
  const auto piece = services.Next();
  ASSERT_TRUE(piece.has_value());
  EXPECT_EQ(piece->position().revision(), 1);
  ASSERT_EQ(piece->services_size(), 2);
  EXPECT_EQ(piece->services(0).name(), "api");
  EXPECT_EQ(piece->services(1).ready_pods(), 2);
  EXPECT_FALSE(services.Next().has_value());
}

TEST(List, BeforeTheFirstStateHasOneEmptyPiece) {
  TestSubject cluster;
  PodLister pods(cluster.holder(), "");
  const auto piece = pods.Next();
  ASSERT_TRUE(piece.has_value());
  EXPECT_FALSE(piece->has_position());
  EXPECT_FALSE(pods.Next().has_value());
}

TEST(List, GoesOnBehindItsPlaceInAServiceThatChanges) {
  TestSubject cluster;
  std::vector<state::Op> ops = {Headless("big")};
  const auto pod = [](size_t i) { return Pod("big", fmt::format("web-{}", i), {"10.0.0.1"}); };
  for (size_t i = 0; i < kListPiece + 10; ++i) ops.emplace_back(pod(i));
  cluster.Publish(std::move(ops));
  PodLister pods(cluster.holder(), "");
  ASSERT_EQ(pods.Next()->pods_size(), static_cast<int>(kListPiece));
  cluster.Publish({DeletionOf(pod(0)), DeletionOf(pod(kListPiece + 1))});
  EXPECT_EQ(cluster.Retired(), 0) << "nothing is held between two pieces";
  const auto rest = pods.Next();
  ASSERT_TRUE(rest.has_value());
  EXPECT_EQ(rest->position().revision(), 2);
  ASSERT_EQ(rest->pods_size(), 9);
  EXPECT_EQ(rest->pods(0).name(), fmt::format("web-{}", kListPiece));
  EXPECT_EQ(rest->pods(1).name(), fmt::format("web-{}", kListPiece + 2));
}

}  // namespace
}  // namespace podnamed::admin
