// All objects of a cluster at once, as all records of the feed: for a source that holds a whole small cluster, like a
// directory of manifests. Pure.
#pragma once

#include <vector>

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

// In the order of the feed's keys:
//   a Namespace for every namespace that an object is or names,
//   a Service for every service that has a name (records.h),
//   the identities of every service (identities.h); pods of a StatefulSet are completed first (stateful_set.h),
//   a Pod for every pod with an address that has not ended and that no identity names,
//   a service import for every ServiceImport, and the identities of those that are headless.
std::vector<feed::v1::Record> ClusterRecords(const ClusterObjects& objects);

}  // namespace podnamed::controller
