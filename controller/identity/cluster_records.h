// For tests only: what ClusterIndex has to yield, computed plainly, from all objects at once. Pure.
#pragma once

#include <vector>

#include "controller/identity/cluster_index.h"
#include "proto/k8s/apps/v1/apps.pb.h"
#include "proto/k8s/core/v1/core.pb.h"
#include "proto/k8s/discovery/v1/discovery.pb.h"
#include "proto/k8s/multicluster/v1alpha1/multicluster.pb.h"
#include "proto/podnamed/feed/v1/feed.pb.h"

namespace podnamed::controller {

// No object twice. They must outlive the call only.
struct ClusterObjects {
  std::vector<const k8s::core::v1::Namespace*> namespaces;
  std::vector<const k8s::core::v1::Service*> services;
  std::vector<const k8s::core::v1::Pod*> pods;
  std::vector<const k8s::discovery::v1::EndpointSlice*> slices;
  std::vector<const k8s::apps::v1::StatefulSet*> stateful_sets;
  std::vector<const k8s::multicluster::v1alpha1::ServiceImport*> imports;
};

// In the order of the feed's keys; cluster_index.h says which. REQUIRES: no StatefulSets where pods alone are
// no identities.
std::vector<feed::v1::Record> ClusterRecords(const ClusterObjects& objects, ClusterIndex::Rules rules);

}  // namespace podnamed::controller
