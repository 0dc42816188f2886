// What is kept of a Kubernetes object: the fields that records are made of, encoded. A pod takes some 200 octets so,
// and ten times as many as a message. Equal objects have equal encodings. Pure. EndpointSlices, and pods of which no
// identity is made, are kept in fewer octets: kept_slice.h, kept_pod.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/k8s/apps/v1/apps.pb.h"
#include "proto/k8s/core/v1/core.pb.h"
#include "proto/k8s/discovery/v1/discovery.pb.h"
#include "proto/k8s/multicluster/v1alpha1/multicluster.pb.h"

namespace podnamed::controller {

enum class ObjectKind : uint8_t { kNamespace, kService, kPod, kEndpointSlice, kStatefulSet, kServiceImport };
inline constexpr size_t kObjectKinds = 6;

template <typename Object>
extern const ObjectKind kKindOf;
template <>
inline constexpr ObjectKind kKindOf<k8s::core::v1::Namespace> = ObjectKind::kNamespace;
template <>
inline constexpr ObjectKind kKindOf<k8s::core::v1::Service> = ObjectKind::kService;
template <>
inline constexpr ObjectKind kKindOf<k8s::core::v1::Pod> = ObjectKind::kPod;
template <>
inline constexpr ObjectKind kKindOf<k8s::discovery::v1::EndpointSlice> = ObjectKind::kEndpointSlice;
template <>
inline constexpr ObjectKind kKindOf<k8s::apps::v1::StatefulSet> = ObjectKind::kStatefulSet;
template <>
inline constexpr ObjectKind kKindOf<k8s::multicluster::v1alpha1::ServiceImport> = ObjectKind::kServiceImport;

// Appends the encoding of what is kept, without namespace and name: whoever keeps it has them as its key.
void EncodeKept(const k8s::core::v1::Namespace& object, std::string* octets);
void EncodeKept(const k8s::core::v1::Service& object, std::string* octets);
void EncodeKept(const k8s::core::v1::Pod& object, std::string* octets);
void EncodeKept(const k8s::apps::v1::StatefulSet& object, std::string* octets);
void EncodeKept(const k8s::multicluster::v1alpha1::ServiceImport& object, std::string* octets);

// The object again, as far as it is kept. REQUIRES: EncodeKept made the octets, of an object of that kind.
template <typename Object>
void DecodeKept(std::string_view octets, Object* object) {
  object->ParseFromArray(octets.data(), static_cast<int>(octets.size()));
}

}  // namespace podnamed::controller
