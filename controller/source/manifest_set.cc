#include "controller/source/manifest_set.h"

#include <fmt/format.h>

#include <tuple>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "controller/identity/cluster_records.h"

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

}  // namespace

absl::StatusOr<std::vector<std::string>> ManifestSet::Put(const std::string& path, std::string_view text) {
  absl::StatusOr<Manifest> manifest = DecodeManifest(text);
  if (!manifest.ok()) {
    return absl::InvalidArgumentError(fmt::format("{}:{}", path, std::string(manifest.status().message())));
  }
  std::vector<std::string> notes = std::move(manifest->notes);
  files_.insert_or_assign(path, *std::move(manifest));
  return notes;
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
