#include "bench/load/cluster.h"

#include <array>

#include "absl/strings/str_cat.h"

namespace podnamed::bench {
namespace {

// Cluster IPs are taken from 10.96.0.0/12, Kubernetes' own default, and pods from 10.128.0.0/9.
constexpr uint32_t kFirstClusterIp = (10u << 24) + (96u << 16) + 1;
constexpr uint32_t kFirstPodAddress = (10u << 24) + (128u << 16) + 1;
constexpr uint64_t kMostClusterIps = (1u << 20) - 2;
constexpr uint64_t kMostPods = (1u << 23) - 2;

constexpr absl::string_view kStatefulSets[] = {"web",   "postgres",      "kafka",     "redis",  "etcd",
                                               "mongo", "elasticsearch", "zookeeper", "rabbit", "cassandra"};

base::Ipv4Address ToAddress(uint32_t value) {
  return {static_cast<uint8_t>(value >> 24), static_cast<uint8_t>(value >> 16), static_cast<uint8_t>(value >> 8),
          static_cast<uint8_t>(value)};
}

}  // namespace

absl::Status Check(const ClusterSize& size) {
  if (size.namespaces == 0 || size.cluster_ip_services == 0 || size.stateful_sets == 0 || size.replicas == 0 ||
      size.small_services == 0 || size.small_replicas == 0) {
    return absl::InvalidArgumentError("the query mix asks for every kind of name: no count may be 0");
  }
  if (size.small_services > size.stateful_sets) {
    return absl::InvalidArgumentError(
        "small services select pods of the StatefulSet with their index: there are more of them than StatefulSets");
  }
  if (size.small_replicas > size.replicas) {
    return absl::InvalidArgumentError("a small service cannot select more pods than a StatefulSet has");
  }
  if (uint64_t{size.namespaces} * size.cluster_ip_services > kMostClusterIps) {
    return absl::InvalidArgumentError(absl::StrCat("more than ", kMostClusterIps, " cluster IPs"));
  }
  if (uint64_t{size.namespaces} * size.stateful_sets * size.replicas > kMostPods) {
    return absl::InvalidArgumentError(absl::StrCat("more than ", kMostPods, " pods"));
  }
  return absl::OkStatus();
}

std::string Cluster::Namespace(uint32_t ns) const { return absl::StrCat("tenant-", ns); }

std::string Cluster::ClusterIpService(uint32_t service) const { return absl::StrCat("api-", service); }

std::string Cluster::StatefulSet(uint32_t set) const {
  constexpr uint32_t kNames = std::size(kStatefulSets);
  const absl::string_view name = kStatefulSets[set % kNames];
  return set < kNames ? std::string(name) : absl::StrCat(name, set / kNames);
}

std::string Cluster::Pod(uint32_t set, uint32_t ordinal) const { return absl::StrCat(StatefulSet(set), "-", ordinal); }

std::string Cluster::SmallService(uint32_t service) const { return absl::StrCat(StatefulSet(service), "-seed"); }

base::Ipv4Address Cluster::ClusterIp(uint32_t ns, uint32_t service) const {
  return ToAddress(kFirstClusterIp + ns * size_.cluster_ip_services + service);
}

base::Ipv4Address Cluster::PodAddress(uint32_t ns, uint32_t set, uint32_t ordinal) const {
  return ToAddress(kFirstPodAddress + (ns * size_.stateful_sets + set) * size_.replicas + ordinal);
}

std::string Dotted(const base::Ipv4Address& a) { return absl::StrCat(a[0], ".", a[1], ".", a[2], ".", a[3]); }

std::string Dashed(const base::Ipv4Address& a) { return absl::StrCat(a[0], "-", a[1], "-", a[2], "-", a[3]); }

std::string ReverseName(const base::Ipv4Address& a) {
  return absl::StrCat(a[3], ".", a[2], ".", a[1], ".", a[0], ".", kReverseZone);
}

}  // namespace podnamed::bench
