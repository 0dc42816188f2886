#include "controller/identity/cluster_records.h"

#include <algorithm>
#include <deque>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "controller/identity/identities.h"
#include "controller/identity/records.h"
#include "controller/identity/selector.h"
#include "controller/identity/stateful_set.h"

namespace podnamed::controller {
namespace {

using feed::v1::Record;
using k8s::apps::v1::StatefulSet;
using k8s::core::v1::Namespace;
using k8s::core::v1::Pod;
using k8s::core::v1::Service;
using k8s::discovery::v1::EndpointSlice;
using k8s::multicluster::v1alpha1::ServiceImport;

using ObjectName = std::pair<std::string_view, std::string_view>;  // namespace, name

template <typename Object>
bool ByName(const Object* a, const Object* b) {
  return std::tie(a->metadata().namespace_(), a->metadata().name()) <
         std::tie(b->metadata().namespace_(), b->metadata().name());
}

template <typename Object>
std::vector<const Object*> SortedByName(std::vector<const Object*> objects) {
  std::sort(objects.begin(), objects.end(), ByName<Object>);
  return objects;
}

// The pods as the StatefulSet controller would have made them; `completed` owns those that had to be changed.
std::vector<const Pod*> CompletePods(const ClusterObjects& objects, std::deque<Pod>* completed) {
  absl::flat_hash_map<ObjectName, const StatefulSet*> sets;
  for (const StatefulSet* set : objects.stateful_sets) {
    sets[{set->metadata().namespace_(), set->metadata().name()}] = set;
  }
  std::vector<const Pod*> pods = objects.pods;
  for (const Pod*& pod : pods) {
    const auto set = sets.find({pod->metadata().namespace_(), StatefulSetNameOf(*pod)});
    if (set == sets.end() || !Owns(*set->second, *pod)) continue;
    completed->push_back(*pod);
    CompletePod(*set->second, &completed->back());
    pod = &completed->back();
  }
  return pods;
}

// Finds the pods that a selector matches without asking every pod.
class PodIndex {
 public:
  explicit PodIndex(const std::vector<const Pod*>& pods) {
    for (const Pod* pod : pods) {
      by_name_[{pod->metadata().namespace_(), pod->metadata().name()}] = pod;
      for (const auto& [key, value] : pod->metadata().labels()) {
        by_label_[{pod->metadata().namespace_(), key, value}].push_back(pod);
      }
    }
  }

  // Those that the slices name.
  std::vector<const Pod*> NamedBy(std::string_view namespace_name,
                                  const std::vector<const EndpointSlice*>& slices) const {
    std::vector<const Pod*> named;
    for (const EndpointSlice* slice : slices) {
      for (const k8s::discovery::v1::Endpoint& endpoint : slice->endpoints()) {
        const auto pod = by_name_.find({namespace_name, endpoint.target_ref().name()});
        if (endpoint.target_ref().kind() == "Pod" && pod != by_name_.end()) named.push_back(pod->second);
      }
    }
    return named;
  }

  // An empty selector selects nothing: whoever made such a Service makes its slices too.
  std::vector<const Pod*> Select(std::string_view namespace_name, const Labels& selector) const {
    const std::vector<const Pod*>* fewest = nullptr;
    for (const auto& [key, value] : selector) {
      const auto found = by_label_.find({namespace_name, key, value});
      if (found == by_label_.end()) return {};
      if (fewest == nullptr || found->second.size() < fewest->size()) fewest = &found->second;
    }
    std::vector<const Pod*> selected;
    if (fewest == nullptr) return selected;
    for (const Pod* pod : *fewest) {
      if (SelectorMatches(selector, pod->metadata().labels())) selected.push_back(pod);
    }
    return selected;
  }

 private:
  using Label = std::tuple<std::string_view, std::string_view, std::string_view>;  // namespace, key, value
  absl::flat_hash_map<Label, std::vector<const Pod*>> by_label_;
  absl::flat_hash_map<ObjectName, const Pod*> by_name_;
};

std::vector<Record> NamespaceRecords(const ClusterObjects& objects, ClusterIndex::Rules rules) {
  absl::btree_map<std::string_view, const Namespace*> namespaces;
  for (const Namespace* object : objects.namespaces) namespaces[object->metadata().name()] = object;
  const auto add = [&](const auto& named) {
    for (const auto* object : named) {
      if (rules.objects_make_namespaces) namespaces.try_emplace(object->metadata().namespace_());
    }
  };
  add(objects.services);
  add(objects.pods);
  add(objects.slices);
  add(objects.stateful_sets);
  add(objects.imports);
  std::vector<Record> records;
  for (const auto& [name, object] : namespaces) {
    feed::v1::Namespace& record = *records.emplace_back().mutable_namespace_();
    record.set_name(std::string(name));
    if (object == nullptr) continue;
    record.set_uid(object->metadata().uid());
    *record.mutable_labels() = LabelRecords(object->metadata());
  }
  return records;
}

}  // namespace

std::vector<Record> ClusterRecords(const ClusterObjects& objects, ClusterIndex::Rules rules) {
  std::deque<Pod> completed;
  const std::vector<const Pod*> pods = SortedByName(CompletePods(objects, &completed));
  const std::vector<const Service*> services = SortedByName(objects.services);
  const PodIndex index(pods);
  absl::flat_hash_map<ObjectName, std::vector<const EndpointSlice*>> slices;
  absl::flat_hash_map<ObjectName, std::vector<const EndpointSlice*>> import_slices;
  for (const EndpointSlice* slice : SortedByName(objects.slices)) {
    slices[{slice->metadata().namespace_(), ServiceNameOf(*slice)}].push_back(slice);
    import_slices[{slice->metadata().namespace_(), ImportNameOf(*slice)}].push_back(slice);
  }

  std::vector<Record> records = NamespaceRecords(objects, rules);
  for (const Service* service : services) {
    if (HasName(*service)) *records.emplace_back().mutable_service() = ServiceRecord(*service);
  }

  absl::flat_hash_set<std::pair<std::string_view, std::string>> named;  // pods that an identity names
  for (const Service* service : services) {
    const std::string_view namespace_name = service->metadata().namespace_();
    const auto own_slices = slices.find({namespace_name, service->metadata().name()});
    const bool has_slices = own_slices != slices.end();
    if (!has_slices && !rules.pods_alone_are_identities) continue;
    for (feed::v1::PodIdentity& identity :
         IdentitiesOf(*service, has_slices ? own_slices->second : std::vector<const EndpointSlice*>(),
                      has_slices ? index.NamedBy(namespace_name, own_slices->second)
                                 : index.Select(namespace_name, service->spec().selector()))) {
      if (identity.is_pod()) named.emplace(namespace_name, identity.name());
      *records.emplace_back().mutable_pod_identity() = std::move(identity);
    }
  }

  for (const Pod* pod : pods) {
    const bool is_named =
        named.contains(std::pair(std::string_view(pod->metadata().namespace_()), pod->metadata().name()));
    if (!is_named && HasEndpoint(*pod)) *records.emplace_back().mutable_pod() = PodRecord(*pod);
  }

  const std::vector<const ServiceImport*> imports = SortedByName(objects.imports);
  for (const ServiceImport* import : imports) *records.emplace_back().mutable_service_import() = ImportRecord(*import);
  for (const ServiceImport* import : imports) {
    if (import->spec().type() != "Headless") continue;
    const auto own_slices = import_slices.find({import->metadata().namespace_(), import->metadata().name()});
    if (own_slices == import_slices.end()) continue;
    for (feed::v1::PodIdentity& identity : ImportedIdentities(*import, own_slices->second)) {
      *records.emplace_back().mutable_imported_identity() = std::move(identity);
    }
  }
  return records;
}

}  // namespace podnamed::controller
