// Manifests of Kubernetes objects (YAML or JSON text) as objects. Decodes by protobuf reflection: JSON names, unknown
// fields passed over, types and the checks that stand beside the fields (proto/k8s/checks.proto). Pure.
//
// An error is INVALID_ARGUMENT and says where and what:
//   12:15: Service default/nginx: spec.ports[0].port: found "http", expected a whole number
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/k8s/apps/v1/apps.pb.h"
#include "proto/k8s/core/v1/core.pb.h"
#include "proto/k8s/discovery/v1/discovery.pb.h"
#include "proto/k8s/multicluster/v1alpha1/multicluster.pb.h"

namespace podnamed::controller {

// A larger text is an error: a tree of it is about ten times its size.
inline constexpr size_t kMaxManifestSize = size_t{32} << 20;

using KubernetesObject = std::variant<k8s::core::v1::Namespace, k8s::core::v1::Service, k8s::core::v1::Pod,
                                      k8s::discovery::v1::EndpointSlice, k8s::apps::v1::StatefulSet,
                                      k8s::multicluster::v1alpha1::ServiceImport>;

const k8s::meta::v1::ObjectMeta& MetadataOf(const KubernetesObject& object);
// "Service default/nginx", "Namespace default".
std::string NameForPeople(const KubernetesObject& object);

struct ManifestObject {
  KubernetesObject object;  // in namespace "default" where the manifest names none, as kubectl takes it
  int line = 0;             // both from 1
  int column = 0;
};

struct Manifest {
  std::vector<ManifestObject> objects;  // in the order of the text, those of a `kind: List` in its place
  // What is no error and yet worth a line: kinds that were passed over, services that will have no address.
  std::vector<std::string> notes;
};

absl::StatusOr<Manifest> DecodeManifest(std::string_view text);

}  // namespace podnamed::controller
