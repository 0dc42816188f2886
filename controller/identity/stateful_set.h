// What Kubernetes' StatefulSet controller writes into the pods it makes, for pods that come as manifests and that no
// controller has made: name, ordinal, hostname, subdomain. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proto/k8s/apps/v1/apps.pb.h"
#include "proto/k8s/core/v1/core.pb.h"

namespace podnamed::controller {

// "web-12" read as a pod's name of a StatefulSet: its set "web" and ordinal 12.
struct StatefulName {
  std::string_view set;
  uint32_t ordinal;
};
// std::nullopt where `pod_name` does not end in "-" and a number without leading zeros.
std::optional<StatefulName> ParseStatefulName(std::string_view pod_name);

// The pod's position in its StatefulSet: its label apps.kubernetes.io/pod-index, or the number at the end of its name
// where a StatefulSet owns it.
std::optional<uint32_t> OrdinalOf(const k8s::core::v1::Pod& pod);

// The labels by which a StatefulSet's pods tell their position in it, and which revision of its template they were made
// from.
inline constexpr char kPodIndexLabel[] = "apps.kubernetes.io/pod-index";
inline constexpr char kControllerRevisionLabel[] = "controller-revision-hash";

// The name of the StatefulSet that owns the pod; empty if none does.
std::string_view OwningSetOf(const k8s::core::v1::Pod& pod);

// The name of the StatefulSet that this pod says it belongs to, by its owner or else by its name; empty if neither.
std::string_view StatefulSetNameOf(const k8s::core::v1::Pod& pod);

// True if the pod is the set's: it names the set as its owner, or it has no controlling owner, the set's selector
// matches it and it bears a name of the set (the pods that the StatefulSet controller would adopt).
// REQUIRES: both of one namespace.
bool Owns(const k8s::apps::v1::StatefulSet& set, const k8s::core::v1::Pod& pod);

// Fills in what the manifest of a pod of `set` left out: hostname (the pod's name), subdomain (the set's serviceName)
// and the label apps.kubernetes.io/pod-index. What the manifest says stays. REQUIRES: Owns(set, *pod).
void CompletePod(const k8s::apps::v1::StatefulSet& set, k8s::core::v1::Pod* pod);

}  // namespace podnamed::controller
