// The cluster that every whole-server measurement uses. Names and addresses are arithmetic over indices and nothing is
// stored: the feed for podnamed, the zone files for its peers and the query files share this header and therefore
// agree.
//
// Each namespace holds Services with a cluster IP, StatefulSets with the headless Service that governs them (its pods
// answer by hostname), and small headless Services that select a few pods of the StatefulSet with the same index. A pod
// has no hostname in a small Service, since its subdomain names another: there its address with dashes answers.
// Namespaces hold the same names, as the tenants of one platform do. Values; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/base/ip_address.h"

namespace podnamed::bench {

inline constexpr absl::string_view kZone = "cluster.local";
inline constexpr absl::string_view kReverseZone = "in-addr.arpa";

// By default 12,000 Services and 150,000 pods. The counts below `namespaces` are of one namespace.
struct ClusterSize {
  uint32_t namespaces = 200;
  uint32_t cluster_ip_services = 40;
  uint32_t stateful_sets = 10;
  uint32_t replicas = 75;
  uint32_t small_services = 10;  // at most stateful_sets
  uint32_t small_replicas = 3;   // at most replicas
};

// Whether there is a cluster of this size.
absl::Status Check(const ClusterSize& size);

struct NamedPort {
  absl::string_view name;
  uint16_t number;
};

// All ports are TCP.
inline constexpr NamedPort kClusterIpPorts[] = {{"http", 80}, {"metrics", 9090}};
inline constexpr NamedPort kPodPort = {"http", 8080};

class Cluster {
 public:
  // REQUIRES: Check(size) is OK.
  explicit Cluster(const ClusterSize& size) : size_(size) {}

  const ClusterSize& size() const { return size_; }
  uint32_t pods() const { return size_.namespaces * size_.stateful_sets * size_.replicas; }

  std::string Namespace(uint32_t ns) const;
  std::string ClusterIpService(uint32_t service) const;
  // The name of a StatefulSet and of the headless Service that governs it.
  std::string StatefulSet(uint32_t set) const;
  // The name of a pod, which is its hostname as well.
  std::string Pod(uint32_t set, uint32_t ordinal) const;
  std::string SmallService(uint32_t service) const;

  base::Ipv4Address ClusterIp(uint32_t ns, uint32_t service) const;
  base::Ipv4Address PodAddress(uint32_t ns, uint32_t set, uint32_t ordinal) const;

 private:
  ClusterSize size_;
};

// "10.1.2.3", "10-1-2-3" and "3.2.1.10.in-addr.arpa".
std::string Dotted(const base::Ipv4Address& address);
std::string Dashed(const base::Ipv4Address& address);
std::string ReverseName(const base::Ipv4Address& address);

}  // namespace podnamed::bench
