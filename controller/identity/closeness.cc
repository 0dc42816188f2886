#include "controller/identity/closeness.h"

#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "controller/identity/identities.h"

namespace podnamed::controller {
namespace {

template <typename Object>
bool IsIn(const Object& object, const std::string& namespace_name) {
  return object.metadata().namespace_() == namespace_name;
}

template <typename Object>
Closeness ItselfIf(bool is_kind, const Object& object, const feed::v1::Key& key) {
  const bool is_it = is_kind && IsIn(object, key.namespace_()) && object.metadata().name() == key.name();
  return is_it ? Closeness::kItself : Closeness::kNone;
}

}  // namespace

Closeness ClosenessOf(const k8s::core::v1::Namespace& object, const feed::v1::Key& key) {
  const bool is_it = key.kind() == feed::v1::Key::NAMESPACE && object.metadata().name() == key.name();
  return is_it ? Closeness::kItself : Closeness::kNone;
}
Closeness ClosenessOf(const k8s::core::v1::Service& object, const feed::v1::Key& key) {
  return ItselfIf(key.kind() == feed::v1::Key::SERVICE, object, key);
}
Closeness ClosenessOf(const k8s::core::v1::Pod& object, const feed::v1::Key& key) {
  if (key.kind() == feed::v1::Key::POD) return ItselfIf(true, object, key);
  const bool is_it = ItselfIf(key.kind() == feed::v1::Key::POD_IDENTITY, object, key) == Closeness::kItself;
  return is_it ? Closeness::kPod : Closeness::kNone;
}
Closeness ClosenessOf(const k8s::discovery::v1::EndpointSlice& object, const feed::v1::Key& key) {
  const bool imported = key.kind() == feed::v1::Key::IMPORTED_IDENTITY;
  if (!imported && key.kind() != feed::v1::Key::POD_IDENTITY) return Closeness::kNone;
  if (!IsIn(object, key.namespace_())) return Closeness::kNone;
  if ((imported ? ImportNameOf(object) : ServiceNameOf(object)) != key.service()) return Closeness::kNone;
  k8s::core::v1::Service any_service;
  any_service.mutable_spec()->set_cluster_ip("None");
  const std::vector<feed::v1::PodIdentity> identities =
      imported ? ImportedIdentities({}, {&object}) : IdentitiesOf(any_service, {&object}, {});
  const bool names_it = absl::c_any_of(identities, [&](const auto& identity) { return identity.name() == key.name(); });
  return names_it ? Closeness::kSliceThatNamesIt : Closeness::kSlice;
}
Closeness ClosenessOf(const k8s::multicluster::v1alpha1::ServiceImport& object, const feed::v1::Key& key) {
  return ItselfIf(key.kind() == feed::v1::Key::SERVICE_IMPORT, object, key);
}
Closeness ClosenessOf(const k8s::apps::v1::StatefulSet&, const feed::v1::Key&) { return Closeness::kNone; }

}  // namespace podnamed::controller
