// The size of the generated cluster as command line options, the same for every program that generates it.
#pragma once

#include "bench/load/cluster.h"
#include "boost/program_options/options_description.hpp"
#include "boost/program_options/value_semantic.hpp"

namespace podnamed::bench {

// Parsing writes into `size`, which must outlive `options`; what is not given keeps its value.
inline void AddClusterOptions(ClusterSize& size, boost::program_options::options_description& options) {
  const auto count = [&options](const char* name, uint32_t& value, const char* what) {
    options.add_options()(name, boost::program_options::value(&value)->default_value(value), what);
  };
  count("namespaces", size.namespaces, "namespaces of the cluster");
  count("cluster-ip-services", size.cluster_ip_services, "Services with a cluster IP, per namespace");
  count("stateful-sets", size.stateful_sets, "StatefulSets, per namespace");
  count("replicas", size.replicas, "pods of each StatefulSet");
  count("small-services", size.small_services, "headless Services that select a few pods, per namespace");
  count("small-replicas", size.small_replicas, "pods that each of those selects");
}

}  // namespace podnamed::bench
