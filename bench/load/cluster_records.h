// The generated cluster as the feed's records, with the fields that a Kubernetes source fills. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/load/cluster.h"
#include "proto/podnamed/feed/v1/feed.pb.h"

namespace podnamed::bench {

// Where a pod stands in the cluster.
struct PodPlace {
  uint32_t ns;
  uint32_t set;
  uint32_t ordinal;
};

// All records of the cluster.
std::vector<feed::v1::Record> ClusterRecords(const Cluster& cluster);

// The records of one pod, by the Services it is in: one or two. `uid` names its life.
std::vector<feed::v1::Record> PodRecords(const Cluster& cluster, const PodPlace& place, const std::string& uid,
                                         const base::Ipv4Address& address);

// A uid of the form of Kubernetes' own.
std::string UidOf(uint64_t number);

}  // namespace podnamed::bench
