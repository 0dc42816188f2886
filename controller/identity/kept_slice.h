// An EndpointSlice as it is kept: its octets, from which it is made again, whole or in part, and which tell cheaply
// what differs between two. Some 40 octets an endpoint, where protobuf takes 105: uids and addresses in their binary
// form, where that says the same; a hostname that is the pod's name, and zones, not again and again. Pure.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "proto/k8s/discovery/v1/discovery.pb.h"

namespace podnamed::controller {

using PodNames = std::set<std::string, std::less<>>;

// Appends what is kept of the slice. Equal slices have equal octets.
void EncodeKept(const k8s::discovery::v1::EndpointSlice& slice, std::string* octets);

// The slice again, without namespace and name; with `only` no other endpoints than those of these pods. REQUIRES here
// and below: EncodeKept made the octets.
void DecodeKept(std::string_view octets, k8s::discovery::v1::EndpointSlice* slice, const PodNames* only = nullptr);

// Whether all endpoints are pods', with names that are single labels: then what the slice says of one pod has nothing
// to do with any other.
bool IsOfPodsAlone(std::string_view octets);

// The pods of which the two do not say the same; std::nullopt if they differ in more than that, or are not both
// IsOfPodsAlone.
std::optional<PodNames> ChangedPods(std::string_view before, std::string_view after);

// The names of the pods that it names, some twice.
void ForEachPod(const k8s::discovery::v1::EndpointSlice& slice, absl::FunctionRef<void(std::string_view name)> visit);

}  // namespace podnamed::controller
