// Which pods and endpoints stand behind a Service, under which names? Kubernetes' objects in, the feed's PodIdentity
// records out. Pure: one service at a time, so that a change costs what its service costs.
#pragma once

#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "proto/k8s/core/v1/core.pb.h"
#include "proto/k8s/discovery/v1/discovery.pb.h"
#include "proto/k8s/multicluster/v1alpha1/multicluster.pb.h"
#include "proto/podnamed/feed/v1/feed.pb.h"

namespace podnamed::controller {

// Labels of an EndpointSlice.
inline constexpr char kServiceNameLabel[] = "kubernetes.io/service-name";
inline constexpr char kImportNameLabel[] = "multicluster.kubernetes.io/service-name";
inline constexpr char kSourceClusterLabel[] = "multicluster.kubernetes.io/source-cluster";

// The Service that the slice says it belongs to: its label kubernetes.io/service-name; empty without.
std::string_view ServiceNameOf(const k8s::discovery::v1::EndpointSlice& slice);

// The ServiceImport that the slice says it belongs to, in the cluster that it says it comes from: its labels
// multicluster.kubernetes.io/service-name and …/source-cluster; empty without either.
std::string_view ImportNameOf(const k8s::discovery::v1::EndpointSlice& slice);

// True if the pod has run to its end, well or badly.
bool HasEnded(const k8s::core::v1::Pod& pod);

// True if the pod may stand behind a service: it has an address and has not ended (ShouldPodBeInEndpoints of
// k8s.io/endpointslice). A pod that terminates may: it is not ready.
bool HasEndpoint(const k8s::core::v1::Pod& pod);

// All identities of one service, in the order of their names; none for an ExternalName, or without HasName(service)
// (records.h).
//
// `slices` are the service's EndpointSlices, most trusted first; with them the identities are their endpoints. A pod
// that several slices name is one identity: slices of both address families give it all their addresses and ports;
// where they disagree, the ready one wins over the one that is not. Of two pods of one name (another uid) the newer one
// wins: the ready one, the one that does not terminate, the one that `pods` know, the most trusted one. A second
// hostname of a pod is an identity of its own, "alias.web-0". Endpoints without a pod are named after their hostname
// and their first address.
//
// `pods`: without slices those that the service's selector matches, and the identities are derived from them, by the
// rules of Kubernetes' EndpointSlice controller (podToEndpoint, getEndpointPorts and FindPort of k8s.io/endpointslice).
// With slices those that these name, as far as the source knows pods; they only tell ordinals, and which pod is newer.
// There a name may stand twice.
std::vector<feed::v1::PodIdentity> IdentitiesOf(const k8s::core::v1::Service& service,
                                                absl::Span<const k8s::discovery::v1::EndpointSlice* const> slices,
                                                absl::Span<const k8s::core::v1::Pod* const> pods);

// All endpoints of a ServiceImport in all clusters, in the order of their names: those of the pods with the cluster
// behind them, "web-0.east". `slices` are the import's, most trusted first.
std::vector<feed::v1::PodIdentity> ImportedIdentities(
    const k8s::multicluster::v1alpha1::ServiceImport& import,
    absl::Span<const k8s::discovery::v1::EndpointSlice* const> slices);

}  // namespace podnamed::controller
