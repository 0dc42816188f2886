#include "controller/source/manifest_set.h"

#include <fmt/format.h>

#include <tuple>
#include <utility>
#include <variant>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "controller/identity/cluster_records.h"
#include "controller/identity/identities.h"

namespace podnamed::controller {
namespace {

struct Place {
  const std::string* path;
  const ManifestObject* object;
};

// The list of `objects` that an object of this type belongs to.
auto& ListFor(const k8s::core::v1::Namespace&, ClusterObjects& objects) { return objects.namespaces; }
auto& ListFor(const k8s::core::v1::Service&, ClusterObjects& objects) { return objects.services; }
auto& ListFor(const k8s::core::v1::Pod&, ClusterObjects& objects) { return objects.pods; }
auto& ListFor(const k8s::discovery::v1::EndpointSlice&, ClusterObjects& objects) { return objects.slices; }
auto& ListFor(const k8s::apps::v1::StatefulSet&, ClusterObjects& objects) { return objects.stateful_sets; }
auto& ListFor(const k8s::multicluster::v1alpha1::ServiceImport&, ClusterObjects& objects) { return objects.imports; }

// How well an object explains a record. A service's identities are its slices', and its pods' where it has none.
enum class Closeness { kNone, kPod, kSlice, kSliceThatNamesIt, kItself };

template <typename Object>
bool IsIn(const Object& object, const std::string& namespace_name) {
  return object.metadata().namespace_() == namespace_name;
}

template <typename Object>
Closeness ItselfIf(bool is_kind, const Object& object, const feed::v1::Key& key) {
  const bool is_it = is_kind && IsIn(object, key.namespace_()) && object.metadata().name() == key.name();
  return is_it ? Closeness::kItself : Closeness::kNone;
}

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

}  // namespace

absl::StatusOr<std::vector<std::string>> ManifestSet::Put(const std::string& path, std::string_view text) {
  absl::StatusOr<Manifest> manifest = DecodeManifest(text);
  if (!manifest.ok()) {
    return absl::InvalidArgumentError(fmt::format("{}:{}", path, std::string(manifest.status().message())));
  }
  std::vector<std::string> notes = std::move(manifest->notes);
  absl::MutexLock lock(&mutex_);
  files_.insert_or_assign(path, *std::move(manifest));
  return notes;
}

void ManifestSet::Remove(const std::string& path) {
  absl::MutexLock lock(&mutex_);
  files_.erase(path);
}

std::string ManifestSet::PlaceOf(const feed::v1::Key& key) const {
  absl::MutexLock lock(&mutex_);
  Closeness best = Closeness::kNone;
  std::string place;
  for (const auto& [path, manifest] : files_) {
    for (const ManifestObject& object : manifest.objects) {
      const Closeness closeness =
          std::visit([&](const auto& message) { return ClosenessOf(message, key); }, object.object);
      if (closeness <= best) continue;  // of two that are as close the first one counts, as in Records
      best = closeness;
      place = fmt::format("{}:{}:{}", path, object.line, object.column);
    }
  }
  return place;
}

std::vector<feed::v1::Record> ManifestSet::Records(std::vector<std::string>* duplicates) const {
  using Key = std::tuple<size_t, std::string_view, std::string_view>;  // kind, namespace, name
  absl::flat_hash_map<Key, Place> places;
  ClusterObjects objects;
  for (const auto& [path, manifest] : files_) {
    for (const ManifestObject& object : manifest.objects) {
      const k8s::meta::v1::ObjectMeta& metadata = MetadataOf(object.object);
      const auto [place, is_new] =
          places.try_emplace(Key(object.object.index(), metadata.namespace_(), metadata.name()), Place{&path, &object});
      if (is_new) {
        std::visit([&](const auto& message) { ListFor(message, objects).push_back(&message); }, object.object);
        continue;
      }
      const Place& first = place->second;
      duplicates->push_back(fmt::format(
          "{}:{}:{}: {}: found a second time, expected once: {}:{}:{} is the one that counts", path, object.line,
          object.column, NameForPeople(object.object), *first.path, first.object->line, first.object->column));
    }
  }
  return ClusterRecords(objects);
}

}  // namespace podnamed::controller
