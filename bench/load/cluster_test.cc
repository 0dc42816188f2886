#include "bench/load/cluster.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace podnamed::bench {
namespace {

using ::testing::HasSubstr;

std::string Refusal(const ClusterSize& size) { return std::string(Check(size).message()); }

TEST(Cluster, IsByDefaultThatOfTheBudgets) {
  const Cluster cluster(ClusterSize{});
  EXPECT_TRUE(Check(cluster.size()).ok());
  EXPECT_EQ(cluster.pods(), 150'000u);
  EXPECT_EQ(cluster.Pod(0, 74), "web-74");
  EXPECT_EQ(cluster.StatefulSet(0), "web");
}

TEST(Cluster, GivesEveryPodAndClusterIpItsOwnAddress) {
  const ClusterSize size{.namespaces = 7, .cluster_ip_services = 5, .stateful_sets = 3, .replicas = 11};
  const Cluster cluster(size);
  std::set<base::Ipv4Address> addresses;
  for (uint32_t ns = 0; ns < size.namespaces; ++ns) {
    for (uint32_t i = 0; i < size.cluster_ip_services; ++i) addresses.insert(cluster.ClusterIp(ns, i));
    for (uint32_t set = 0; set < size.stateful_sets; ++set) {
      for (uint32_t i = 0; i < size.replicas; ++i) addresses.insert(cluster.PodAddress(ns, set, i));
    }
  }
  EXPECT_EQ(addresses.size(), size.namespaces * size.cluster_ip_services + cluster.pods());
}

TEST(Cluster, NamesItsStatefulSetsApartHoweverMany) {
  const Cluster cluster(ClusterSize{.stateful_sets = 45});
  std::set<std::string> names;
  for (uint32_t set = 0; set < 45; ++set) names.insert(cluster.StatefulSet(set));
  EXPECT_EQ(names.size(), 45u);
}

TEST(Cluster, SaysWhichSizesItCannotHave) {
  EXPECT_THAT(Refusal({.replicas = 0}), HasSubstr("no count may be 0"));
  EXPECT_THAT(Refusal({.stateful_sets = 9}), HasSubstr("StatefulSet with their index"));
  EXPECT_THAT(Refusal({.replicas = 2}), HasSubstr("more pods than"));
  EXPECT_THAT(Refusal({.namespaces = 100'000}), HasSubstr("cluster IPs"));
  EXPECT_THAT(Refusal({.namespaces = 20'000}), HasSubstr("pods"));
}

TEST(Addresses, HaveThreeSpellings) {
  const base::Ipv4Address address = {10, 1, 2, 3};
  EXPECT_EQ(Dotted(address), "10.1.2.3");
  EXPECT_EQ(Dashed(address), "10-1-2-3");
  EXPECT_EQ(ReverseName(address), "3.2.1.10.in-addr.arpa");
}

}  // namespace
}  // namespace podnamed::bench
