#include "controller/identity/cluster_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <type_traits>

#include "absl/hash/hash.h"
#include "controller/identity/closeness.h"
#include "controller/identity/identities.h"
#include "controller/identity/kept_pod.h"
#include "controller/identity/records.h"
#include "controller/identity/selector.h"
#include "controller/identity/stateful_set.h"
#include "proto/podnamed/feed/v1/feed_key.h"

namespace podnamed::controller {
namespace {

using feed::v1::KeyView;
using feed::v1::Op;
using feed::v1::Record;
using feed::v1::ViewOf;
using feed::v1::ViewOfEncoded;
using k8s::apps::v1::StatefulSet;
using k8s::core::v1::Namespace;
using k8s::core::v1::Pod;
using k8s::core::v1::Service;
using k8s::discovery::v1::EndpointSlice;
using k8s::multicluster::v1alpha1::ServiceImport;

size_t HashOfLabel(std::string_view namespace_name, std::string_view key, std::string_view value) {
  return absl::HashOf(namespace_name, key, value);
}

// No label has an empty key: there the pods of a StatefulSet are found.
size_t HashOfSet(std::string_view namespace_name, std::string_view set) { return HashOfLabel(namespace_name, "", set); }

std::vector<size_t> HashesOf(const std::string& namespace_name, const Labels& labels) {
  std::vector<size_t> hashes;
  for (const auto& [key, value] : labels) hashes.push_back(HashOfLabel(namespace_name, key, value));
  return hashes;
}

std::vector<size_t> HashesOf(const Pod& pod) {
  std::vector<size_t> hashes = HashesOf(pod.metadata().namespace_(), pod.metadata().labels());
  const std::string_view set = StatefulSetNameOf(pod);
  if (!set.empty()) hashes.push_back(HashOfSet(pod.metadata().namespace_(), set));
  return hashes;
}

using ObjectName = std::pair<std::string_view, std::string_view>;  // namespace, name

std::pair<std::string, std::string> Owned(const ObjectName& name) {
  return {std::string(name.first), std::string(name.second)};
}

ObjectName OwnerOf(const EndpointSlice& slice) { return {slice.metadata().namespace_(), ServiceNameOf(slice)}; }
ObjectName ImportOf(const EndpointSlice& slice) { return {slice.metadata().namespace_(), ImportNameOf(slice)}; }

// As the controller of `set`, which may be nullptr, would have made the pod.
Pod Completed(Pod pod, const StatefulSet* set) {
  if (set != nullptr && Owns(*set, pod)) CompletePod(*set, &pod);
  return pod;
}

template <typename Object>
std::vector<const Object*> SortedByName(const std::vector<Object>& objects) {
  std::vector<const Object*> sorted;
  sorted.reserve(objects.size());
  for (const Object& object : objects) sorted.push_back(&object);
  std::sort(sorted.begin(), sorted.end(),
            [](const Object* a, const Object* b) { return a->metadata().name() < b->metadata().name(); });
  return sorted;
}

// All that an identity that comes from a slice has of its pod.
bool SameForSlices(const Pod& a, const Pod& b) {
  const auto revision_of = [](const Pod& pod) {
    const auto label = pod.metadata().labels().find(kControllerRevisionLabel);
    return label == pod.metadata().labels().end() ? std::string_view() : std::string_view(label->second);
  };
  return a.metadata().uid() == b.metadata().uid() && OrdinalOf(a) == OrdinalOf(b) && OwningSetOf(a) == OwningSetOf(b) &&
         revision_of(a) == revision_of(b);
}

// The pod that an identity is of: an alias has its name before that.
std::string_view PodOf(const Record& record) {
  const std::string_view name = record.pod_identity().name();
  return name.substr(name.rfind('.') + 1);
}

Record DecodeRecord(const std::string& encoded) {
  Record record;
  record.ParseFromString(encoded);  // we encoded it
  return record;
}

// Walks through what was, encoded, and what is side by side, both in the order of their keys, and calls
// `differs(old, now)` for every key where they differ; one of them is nullptr where there is none.
template <typename Differs>
void Compare(const std::vector<std::string>& before, std::vector<Record>* after, Differs differs) {
  auto old = before.begin();
  for (Record& now : *after) {
    const KeyView key = ViewOf(now);
    while (old != before.end() && ViewOfEncoded(*old) < key) differs(&*old++, nullptr);
    if (old == before.end() || ViewOfEncoded(*old) != key) {
      differs(nullptr, &now);
    } else if (const std::string& encoded = *old++; encoded != now.SerializeAsString()) {
      differs(&encoded, &now);
    }
  }
  while (old != before.end()) differs(&*old++, nullptr);
}

}  // namespace

// ---- objects

size_t ClusterIndex::HashOfName::operator()(const Name& name) const { return absl::HashOf(name); }

ClusterIndex::Kept* ClusterIndex::Find(ObjectKind kind, const Name& name) const {
  const Table& table = TableOf(kind);
  const auto found = table.find(name);
  return found == table.end() ? nullptr : found->get();
}

template <typename Object>
Object ClusterIndex::DecodeAsPut(const Kept& kept) const {
  Object object;
  const auto [namespace_name, name] = kept.name();
  if constexpr (std::is_same_v<Object, Pod>) {
    rules_.pods_alone_are_identities ? DecodeKept(kept.octets(), &object) : DecodeBrief(kept.octets(), name, &object);
  } else {
    DecodeKept(kept.octets(), &object);
  }
  object.mutable_metadata()->set_namespace_(std::string(namespace_name));
  object.mutable_metadata()->set_name(std::string(name));
  return object;
}

template <typename Object>
Object ClusterIndex::Decode(const Kept& kept) const {
  Object object = DecodeAsPut<Object>(kept);
  if constexpr (std::is_same_v<Object, Pod>) return CompletedBySet(std::move(object));
  return object;
}

Pod ClusterIndex::CompletedBySet(Pod pod) const {
  if (TableOf(ObjectKind::kStatefulSet).empty()) return pod;
  const Kept* set = Find(ObjectKind::kStatefulSet, {pod.metadata().namespace_(), StatefulSetNameOf(pod)});
  if (set == nullptr) return pod;
  const StatefulSet decoded = Decode<StatefulSet>(*set);
  return Completed(std::move(pod), &decoded);
}

template <typename Object>
bool ClusterIndex::Put(const Object& object) {
  constexpr ObjectKind kKind = kKindOf<Object>;
  constexpr bool kIsInNamespace = !std::is_same_v<Object, Namespace>;
  const Name name(kIsInNamespace ? std::string_view(object.metadata().namespace_()) : "", object.metadata().name());
  std::string text(name.second);
  if constexpr (std::is_same_v<Object, Pod>) {
    rules_.pods_alone_are_identities ? EncodeKept(object, &text) : EncodeBrief(object, &text);
  } else {
    EncodeKept(object, &text);
  }
  Kept* kept = Find(kKind, name);
  if (kept != nullptr && kept->text == text) {
    kept->round = rounds_[static_cast<size_t>(kKind)];
    return false;
  }
  if constexpr (std::is_same_v<Object, Pod>) {
    const Pod completed = CompletedBySet(object);
    Change(name, kept, &completed, std::move(text));
  } else {
    if constexpr (std::is_same_v<Object, EndpointSlice>) {
      if (kept != nullptr && ChangePods(name, kept, object, &text)) return true;
    }
    Change(name, kept, &object, std::move(text));
  }
  return true;
}

template bool ClusterIndex::Put(const Namespace&);
template bool ClusterIndex::Put(const Service&);
template bool ClusterIndex::Put(const Pod&);
template bool ClusterIndex::Put(const EndpointSlice&);
template bool ClusterIndex::Put(const StatefulSet&);
template bool ClusterIndex::Put(const ServiceImport&);

template <typename Object>
void ClusterIndex::Change(const Name& name, Kept* kept, const Object* after, std::string text) {
  std::optional<Object> before;
  if (kept != nullptr) before = Decode<Object>(*kept);
  TouchBy(name, before ? &*before : nullptr, after);

  // The pods of a StatefulSet have other labels with it than without.
  std::vector<Kept*> pods;
  if constexpr (std::is_same_v<Object, StatefulSet>) pods = PodsOfSet(name);
  for (Kept* pod : pods) Unlink(Decode<Pod>(*pod), pod);

  if (before) Unlink(*before, kept);
  if (after == nullptr) {
    Forget(kKindOf<Object>, kept);
  } else {
    Link(*after, Keep(kKindOf<Object>, kept, name, std::move(text)));
  }
  for (Kept* pod : pods) Link(Decode<Pod>(*pod), pod);
}

// Everything that a change does, with slices that have the endpoints of these pods alone.
bool ClusterIndex::ChangePods(const Name& name, Kept* kept, const EndpointSlice& after, std::string* text) {
  const std::optional<PodNames> pods = ChangedPods(kept->octets(), std::string_view(*text).substr(kept->name_size));
  if (!pods) return false;
  EndpointSlice was;
  DecodeKept(kept->octets(), &was, &*pods);
  was.mutable_metadata()->set_namespace_(std::string(name.first));
  EndpointSlice is;
  *is.mutable_metadata() = was.metadata();
  for (const k8s::discovery::v1::Endpoint& endpoint : after.endpoints()) {
    if (pods->contains(endpoint.target_ref().name())) *is.add_endpoints() = endpoint;
  }
  if (!ImportOf(was).second.empty()) Touch(Unit::kImport, ImportOf(was));
  Touch(Unit::kService, OwnerOf(was), IsOfPodsAlone(OwnerOf(was)) ? &*pods : nullptr);
  UnlinkPods(was, kept);
  LinkPods(is, Keep(ObjectKind::kEndpointSlice, kept, name, std::move(*text)));
  return true;
}

ClusterIndex::Kept* ClusterIndex::Keep(ObjectKind kind, Kept* kept, const Name& name, std::string text) {
  if (kept == nullptr) {
    const auto objects = objects_in_.try_emplace(std::string(name.first)).first;
    ++objects->second;
    auto added = std::make_unique<Kept>();
    kept = added.get();
    kept->namespace_name = &objects->first;
    kept->name_size = static_cast<uint16_t>(name.second.size());
    kept->text = std::move(text);
    TableOf(kind).insert(std::move(added));
  } else {
    kept->text = std::move(text);
  }
  kept->round = rounds_[static_cast<size_t>(kind)];
  return kept;
}

void ClusterIndex::Forget(ObjectKind kind, Kept* kept) {
  const auto objects = objects_in_.find(*kept->namespace_name);
  TableOf(kind).erase(TableOf(kind).find(kept->name()));
  if (--objects->second == 0) objects_in_.erase(objects);
}

template <typename Object>
void ClusterIndex::Erase(Kept* kept, std::string_view uid) {
  const std::string current = DecodeAsPut<Object>(*kept).metadata().uid();
  const bool other_life = !uid.empty() && !current.empty() && uid != current;
  if (other_life) return;
  const std::string namespace_name(kept->name().first);
  const std::string name(kept->name().second);
  Change<Object>({namespace_name, name}, kept, nullptr, {});
}

void ClusterIndex::Erase(ObjectKind kind, Kept* kept, std::string_view uid) {
  switch (kind) {
    case ObjectKind::kNamespace:
      return Erase<Namespace>(kept, uid);
    case ObjectKind::kService:
      return Erase<Service>(kept, uid);
    case ObjectKind::kPod:
      return Erase<Pod>(kept, uid);
    case ObjectKind::kEndpointSlice:
      return Erase<EndpointSlice>(kept, uid);
    case ObjectKind::kStatefulSet:
      return Erase<StatefulSet>(kept, uid);
    case ObjectKind::kServiceImport:
      return Erase<ServiceImport>(kept, uid);
  }
}

void ClusterIndex::Delete(ObjectKind kind, std::string_view namespace_name, std::string_view name,
                          std::string_view uid) {
  if (Kept* kept = Find(kind, {namespace_name, name})) Erase(kind, kept, uid);
}

void ClusterIndex::BeginRelist(ObjectKind kind) { ++rounds_[static_cast<size_t>(kind)]; }

void ClusterIndex::EndRelist(ObjectKind kind) {
  std::vector<Kept*> unseen;
  for (const std::unique_ptr<Kept>& kept : TableOf(kind)) {
    if (kept->round != rounds_[static_cast<size_t>(kind)]) unseen.push_back(kept.get());
  }
  for (Kept* kept : unseen) Erase(kind, kept, {});
}

// ---- what a change touches

void ClusterIndex::Touch(Unit unit, const Name& name, const PodNames* pods) {
  if (is_fresh_) return;
  Touching& touching = touched_[static_cast<size_t>(unit)][Owned(name)];
  if (touching.is_whole) return;
  PodNames more;
  if (pods != nullptr) {
    for (const std::string& pod : *pods) {
      if (touching.pods.insert(pod).second) more.insert(pod);
    }
    if (more.empty()) return;
  }
  touching.is_whole = pods == nullptr;
  for (const Record& record : RecordsOf(unit, name, pods == nullptr ? nullptr : &more)) {
    // Of what has been touched already only those who did so knew how it was.
    if (touching.is_whole && touching.pods.contains(PodOf(record))) continue;
    touching.before.push_back(record.SerializeAsString());
  }
}

bool ClusterIndex::IsOfPodsAlone(const Name& service) const {
  const std::vector<Kept*>& slices = SlicesOf(service, slices_by_service_);
  return std::all_of(slices.begin(), slices.end(),
                     [](const Kept* slice) { return controller::IsOfPodsAlone(slice->octets()); });
}

template <typename Object>
void ClusterIndex::TouchNamespaceBy(const Name& name, const Object* before, const Object* after) {
  const auto objects = objects_in_.find(std::string(name.first));
  const bool is_first = before == nullptr && objects == objects_in_.end();
  const bool is_last = after == nullptr && objects->second == 1;
  if (is_first || is_last) Touch(Unit::kNamespace, {"", name.first});
}

void ClusterIndex::TouchBy(const Name& name, const Namespace*, const Namespace*) { Touch(Unit::kNamespace, name); }

void ClusterIndex::TouchBy(const Name& name, const Service* before, const Service* after) {
  TouchNamespaceBy(name, before, after);
  Touch(Unit::kService, name);
  if (HasSlices(name)) return;
  for (const Service* service : {before, after}) {
    if (service != nullptr) TouchSelectedBy(*service);
  }
}

void ClusterIndex::TouchBy(const Name& name, const ServiceImport* before, const ServiceImport* after) {
  TouchNamespaceBy(name, before, after);
  Touch(Unit::kImport, name);
}

void ClusterIndex::TouchBy(const Name& name, const EndpointSlice* before, const EndpointSlice* after) {
  TouchNamespaceBy(name, before, after);
  const bool stays = before != nullptr && after != nullptr && OwnerOf(*before) == OwnerOf(*after);
  for (const EndpointSlice* slice : {before, after}) {
    if (slice == nullptr) continue;
    if (!ImportOf(*slice).second.empty()) Touch(Unit::kImport, ImportOf(*slice));
    Touch(Unit::kService, OwnerOf(*slice));
    // With its first slice a service ceases to have the identities of its pods, without its last it has them again.
    const bool is_only = SlicesOf(OwnerOf(*slice), slices_by_service_).size() == (slice == before ? 1 : 0);
    const Kept* service = Find(ObjectKind::kService, OwnerOf(*slice));
    if (rules_.pods_alone_are_identities && !stays && is_only && service != nullptr)
      TouchSelectedBy(Decode<Service>(*service));
  }
}

void ClusterIndex::TouchBy(const Name& name, const Pod* before, const Pod* after) {
  TouchNamespaceBy(name, before, after);
  Touch(Unit::kPod, name);
  TouchServicesOf(name, before, after);
}

void ClusterIndex::TouchBy(const Name& name, const StatefulSet* before, const StatefulSet* after) {
  TouchNamespaceBy(name, before, after);
  for (const Kept* kept : PodsOfSet(name)) {
    const Pod pod = DecodeAsPut<Pod>(*kept);
    const Pod pod_before = Completed(pod, before);
    const Pod pod_after = Completed(pod, after);
    Touch(Unit::kPod, kept->name());
    TouchServicesOf(kept->name(), &pod_before, &pod_after);
  }
}

// Those with slices that name it: what they have of a pod is what it tells of its StatefulSet, and
// which of two it is.
void ClusterIndex::TouchServicesOf(const Name& pod, const Pod* before, const Pod* after) {
  if (is_fresh_ || (before != nullptr && after != nullptr && SameForSlices(*before, *after))) return;
  const PodNames names = {std::string(pod.second)};
  for (const Kept* kept : slices_by_pod_.Find(absl::HashOf(pod))) {
    EndpointSlice slice;
    DecodeKept(kept->octets(), &slice, &names);
    const Name service(kept->name().first, ServiceNameOf(slice));
    Touch(Unit::kService, service, IsOfPodsAlone(service) ? &names : nullptr);
  }
}

void ClusterIndex::TouchSelectedBy(const Service& service) {
  for (const Pod& pod : SelectedBy(service)) Touch(Unit::kPod, {pod.metadata().namespace_(), pod.metadata().name()});
}

// ---- where things are found

// One pair of the selector is enough to find the service by; the one that the fewest others are found by, because
// charts give one pair to all their services.
void ClusterIndex::Link(const Service& service, Kept* kept) {
  if (!rules_.pods_alone_are_identities) return;
  const std::vector<size_t> hashes = HashesOf(service.metadata().namespace_(), service.spec().selector());
  if (!hashes.empty()) services_by_pair_.Add(services_by_pair_.Rarest(hashes), kept);
}

void ClusterIndex::Unlink(const Service& service, Kept* kept) {
  if (!rules_.pods_alone_are_identities) return;
  for (const size_t hash : HashesOf(service.metadata().namespace_(), service.spec().selector())) {
    services_by_pair_.Remove(hash, kept);
  }
}

void ClusterIndex::Link(const Pod& pod, Kept* kept) {
  if (!rules_.pods_alone_are_identities) return;
  for (const size_t hash : HashesOf(pod)) pods_by_label_.Add(hash, kept);
}

void ClusterIndex::Unlink(const Pod& pod, Kept* kept) {
  if (!rules_.pods_alone_are_identities) return;
  for (const size_t hash : HashesOf(pod)) pods_by_label_.Remove(hash, kept);
}

void ClusterIndex::Link(const EndpointSlice& slice, Kept* kept) {
  const auto link = [&](const Name& name, SlicesByName* slices) {
    if (!name.second.empty()) (*slices)[Owned(name)].push_back(kept);
  };
  link(OwnerOf(slice), &slices_by_service_);
  link(ImportOf(slice), &slices_by_import_);
  LinkPods(slice, kept);
}

void ClusterIndex::Unlink(const EndpointSlice& slice, Kept* kept) {
  const auto unlink = [&](const Name& name, SlicesByName* slices) {
    const auto found = slices->find(Owned(name));
    if (found == slices->end()) return;
    std::erase(found->second, kept);
    if (found->second.empty()) slices->erase(found);
  };
  unlink(OwnerOf(slice), &slices_by_service_);
  unlink(ImportOf(slice), &slices_by_import_);
  UnlinkPods(slice, kept);
}

void ClusterIndex::LinkPods(const EndpointSlice& slice, Kept* kept) {
  if (!rules_.has_pods) return;
  ForEachPod(slice,
             [&](std::string_view pod) { slices_by_pod_.Add(absl::HashOf(Name(kept->name().first, pod)), kept); });
}

void ClusterIndex::UnlinkPods(const EndpointSlice& slice, Kept* kept) {
  if (!rules_.has_pods) return;
  ForEachPod(slice,
             [&](std::string_view pod) { slices_by_pod_.Remove(absl::HashOf(Name(kept->name().first, pod)), kept); });
}

std::vector<const ClusterIndex::Kept*> ClusterIndex::CandidatesFor(const Pod* a, const Pod* b) const {
  std::vector<const Kept*> services;
  for (const Pod* pod : {a, b}) {
    if (pod == nullptr) continue;
    const std::string& namespace_name = pod->metadata().namespace_();
    for (const size_t hash : HashesOf(namespace_name, pod->metadata().labels())) {
      for (const Kept* service : services_by_pair_.Find(hash)) {
        if (service->name().first == namespace_name) services.push_back(service);
      }
    }
  }
  std::sort(services.begin(), services.end(), [](const Kept* x, const Kept* y) { return x->name() < y->name(); });
  services.erase(std::unique(services.begin(), services.end()), services.end());
  return services;
}

std::vector<Pod> ClusterIndex::SelectedBy(const Service& service) const {
  const std::string& namespace_name = service.metadata().namespace_();
  const Labels& selector = service.spec().selector();
  std::vector<Pod> pods;
  // An empty selector selects nothing: whoever made such a Service makes its slices too.
  if (selector.empty()) return pods;
  for (const Kept* kept : pods_by_label_.Find(pods_by_label_.Rarest(HashesOf(namespace_name, selector)))) {
    if (kept->name().first != namespace_name) continue;
    Pod pod = Decode<Pod>(*kept);
    if (SelectorMatches(selector, pod.metadata().labels())) pods.push_back(std::move(pod));
  }
  return pods;
}

std::vector<ClusterIndex::Kept*> ClusterIndex::PodsOfSet(const Name& set) const {
  std::vector<Kept*> pods;
  for (Kept* kept : pods_by_label_.Find(HashOfSet(set.first, set.second))) {
    if (kept->name().first == set.first && StatefulSetNameOf(DecodeAsPut<Pod>(*kept)) == set.second) {
      pods.push_back(kept);
    }
  }
  return pods;
}

const std::vector<ClusterIndex::Kept*>& ClusterIndex::SlicesOf(const Name& name, const SlicesByName& slices) {
  static const std::vector<Kept*> kNone;
  const auto found = slices.find(Owned(name));
  return found == slices.end() ? kNone : found->second;
}

std::vector<EndpointSlice> ClusterIndex::DecodeSlicesOf(const Name& name, const SlicesByName& slices,
                                                        const PodNames* only) const {
  std::vector<EndpointSlice> decoded;
  for (const Kept* kept : SlicesOf(name, slices)) {
    EndpointSlice& slice = decoded.emplace_back();
    DecodeKept(kept->octets(), &slice, only);
    slice.mutable_metadata()->set_namespace_(std::string(kept->name().first));
    slice.mutable_metadata()->set_name(std::string(kept->name().second));
  }
  return decoded;
}

std::vector<Pod> ClusterIndex::PodsNamedBy(const std::vector<EndpointSlice>& slices,
                                           const std::string& namespace_name) const {
  std::vector<Pod> pods;
  if (TableOf(ObjectKind::kPod).empty()) return pods;
  for (const EndpointSlice& slice : slices) {
    ForEachPod(slice, [&](std::string_view name) {
      const Kept* kept = Find(ObjectKind::kPod, {namespace_name, name});
      if (kept != nullptr) pods.push_back(Decode<Pod>(*kept));
    });
  }
  return pods;
}

// ---- records

std::vector<Record> ClusterIndex::RecordsOf(Unit unit, const Name& name, const PodNames* pods) const {
  switch (unit) {
    case Unit::kNamespace:
      return NamespaceRecords(name);
    case Unit::kService:
      return ServiceRecords(name, pods);
    case Unit::kImport:
      return ImportRecords(name);
    case Unit::kPod:
      return PodRecords(name);
  }
  return {};
}

std::vector<Record> ClusterIndex::NamespaceRecords(const Name& name) const {
  const Kept* kept = Find(ObjectKind::kNamespace, name);
  if (kept == nullptr && (!rules_.objects_make_namespaces || !objects_in_.contains(std::string(name.second))))
    return {};
  std::vector<Record> records(1);
  feed::v1::Namespace& record = *records.back().mutable_namespace_();
  record.set_name(std::string(name.second));
  if (kept != nullptr) {
    const Namespace object = Decode<Namespace>(*kept);
    record.set_uid(object.metadata().uid());
    *record.mutable_labels() = LabelRecords(object.metadata());
  }
  return records;
}

std::vector<Record> ClusterIndex::ServiceRecords(const Name& name, const PodNames* pods) const {
  std::vector<Record> records;
  const Kept* kept = Find(ObjectKind::kService, name);
  if (kept == nullptr) return records;
  const Service service = Decode<Service>(*kept);
  if (pods == nullptr && HasName(service)) *records.emplace_back().mutable_service() = ServiceRecord(service);
  if (SlicesOf(name, slices_by_service_).empty()) return records;
  const std::vector<EndpointSlice> slices = DecodeSlicesOf(name, slices_by_service_, pods);
  const std::vector<Pod> known = PodsNamedBy(slices, service.metadata().namespace_());
  for (feed::v1::PodIdentity& identity : IdentitiesOf(service, SortedByName(slices), SortedByName(known))) {
    *records.emplace_back().mutable_pod_identity() = std::move(identity);
  }
  return records;
}

std::vector<Record> ClusterIndex::ImportRecords(const Name& name) const {
  std::vector<Record> records;
  const Kept* kept = Find(ObjectKind::kServiceImport, name);
  if (kept == nullptr) return records;
  const ServiceImport import = Decode<ServiceImport>(*kept);
  *records.emplace_back().mutable_service_import() = ImportRecord(import);
  if (import.spec().type() != "Headless") return records;
  const std::vector<EndpointSlice> slices = DecodeSlicesOf(name, slices_by_import_);
  for (feed::v1::PodIdentity& identity : ImportedIdentities(import, SortedByName(slices))) {
    *records.emplace_back().mutable_imported_identity() = std::move(identity);
  }
  return records;
}

std::vector<Record> ClusterIndex::PodRecords(const Name& name) const {
  std::vector<Record> records;
  const Kept* kept = Find(ObjectKind::kPod, name);
  if (kept == nullptr) return records;
  const Pod pod = Decode<Pod>(*kept);
  if (!HasEndpoint(pod)) return records;
  const Pod* const pods[] = {&pod};
  for (const Kept* candidate : CandidatesFor(&pod, nullptr)) {
    if (HasSlices(candidate->name())) continue;
    const Service service = Decode<Service>(*candidate);
    if (!SelectorMatches(service.spec().selector(), pod.metadata().labels())) continue;
    for (feed::v1::PodIdentity& identity : IdentitiesOf(service, {}, pods)) {
      *records.emplace_back().mutable_pod_identity() = std::move(identity);
    }
  }
  if (records.empty() && !named_.contains(absl::HashOf(name))) {
    *records.emplace_back().mutable_pod() = PodRecord(pod);
  }
  return records;
}

// ---- changes

void ClusterIndex::CountNaming(const Record& record, int change) {
  if (!rules_.has_pods || !record.pod_identity().is_pod()) return;
  const Name name(record.pod_identity().namespace_(), record.pod_identity().name());
  if (Find(ObjectKind::kPod, name) != nullptr) Touch(Unit::kPod, name);
  const auto count = named_.try_emplace(absl::HashOf(name)).first;
  count->second += static_cast<uint32_t>(change);
  if (count->second == 0) named_.erase(count);
}

std::vector<Op> ClusterIndex::TakeChanges() {
  std::vector<Op> all;
  TakeChanges(std::numeric_limits<size_t>::max(), [&](std::vector<Op> ops) { all = std::move(ops); });
  return all;
}

void ClusterIndex::TakeChanges(size_t piece, absl::FunctionRef<void(std::vector<Op>)> take) {
  if (is_fresh_) {
    TakeEverything(piece, take);
    is_fresh_ = false;
  } else {
    take(TakeTouched());
  }
}

std::vector<ClusterIndex::Name> ClusterIndex::AllOf(Unit unit) const {
  std::vector<Name> names;
  const auto add_all = [&](ObjectKind kind) {
    for (const std::unique_ptr<Kept>& kept : TableOf(kind)) names.push_back(kept->name());
  };
  switch (unit) {
    case Unit::kNamespace:
      // Where nobody names one that is there, its record is none.
      for (const auto& [name, objects] : objects_in_) {
        if (!name.empty()) names.emplace_back("", name);
      }
      add_all(ObjectKind::kNamespace);
      break;
    case Unit::kService:
      add_all(ObjectKind::kService);
      break;
    case Unit::kImport:
      add_all(ObjectKind::kServiceImport);
      break;
    case Unit::kPod:
      add_all(ObjectKind::kPod);
      break;
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

void ClusterIndex::TakeEverything(size_t piece, absl::FunctionRef<void(std::vector<Op>)> take) {
  std::vector<Record> records;
  const auto hand_over = [&] {
    std::sort(records.begin(), records.end(), [](const Record& a, const Record& b) { return ViewOf(a) < ViewOf(b); });
    std::vector<Op> ops(records.size());
    for (size_t i = 0; i < records.size(); ++i) {
      ++records_[ViewOf(records[i]).kind];
      *ops[i].mutable_upsert() = std::move(records[i]);
    }
    records.clear();
    take(std::move(ops));
  };
  for (const Unit unit : kInOrder) {
    for (const Name& name : AllOf(unit)) {
      for (Record& record : RecordsOf(unit, name)) {
        if (unit == Unit::kService) CountNaming(record, 1);
        records.push_back(std::move(record));
      }
      if (records.size() >= piece) hand_over();
    }
  }
  hand_over();
}

std::vector<Op> ClusterIndex::TakeTouched() {
  std::vector<std::string> gone;
  std::vector<Record> came;
  const auto by_key = [](const std::string& a, const std::string& b) { return ViewOfEncoded(a) < ViewOfEncoded(b); };
  for (const Unit unit : kInOrder) {
    for (auto& [name, touching] : touched_[static_cast<size_t>(unit)]) {
      std::sort(touching.before.begin(), touching.before.end(), by_key);
      std::vector<Record> after = RecordsOf(unit, name, touching.is_whole ? nullptr : &touching.pods);
      Compare(touching.before, &after, [&](const std::string* old, Record* now) {
        if (unit == Unit::kService && old != nullptr) CountNaming(DecodeRecord(*old), -1);
        if (unit == Unit::kService && now != nullptr) CountNaming(*now, 1);
        if (old != nullptr) gone.push_back(*old);
        if (now != nullptr) came.push_back(std::move(*now));
      });
    }
  }
  touched_ = {};

  // An identity may go from a pod's records to a service's, and back.
  std::sort(gone.begin(), gone.end(), by_key);
  std::sort(came.begin(), came.end(), [](const Record& a, const Record& b) { return ViewOf(a) < ViewOf(b); });
  std::vector<Op> upserts;
  std::vector<Op> deletes;
  Compare(gone, &came, [&](const std::string* old, Record* now) {
    if (now != nullptr) {
      if (old == nullptr) ++records_[ViewOf(*now).kind];
      *upserts.emplace_back().mutable_upsert() = std::move(*now);
      return;
    }
    const Record record = DecodeRecord(*old);
    --records_[ViewOf(record).kind];
    feed::v1::Delete& deletion = *deletes.emplace_back().mutable_delete_();
    *deletion.mutable_key() = feed::v1::KeyOf(record);
    deletion.set_uid(feed::v1::UidOf(record));
  });
  std::move(deletes.begin(), deletes.end(), std::back_inserter(upserts));
  return upserts;
}

// ---- for people

std::string ClusterIndex::ObjectFor(const feed::v1::Key& key) const {
  Closeness best = Closeness::kNone;
  std::string text;
  const auto consider = [&]<typename Object>(const char* kind, const Kept* kept) {
    if (kept == nullptr) return;
    const Closeness closeness = ClosenessOf(DecodeAsPut<Object>(*kept), key);
    if (closeness <= best) return;
    best = closeness;
    const auto [namespace_name, name] = kept->name();
    text = fmt::format("{} {}{}{}", kind, namespace_name, namespace_name.empty() ? "" : "/", name);
  };
  const Name name(key.namespace_(), key.name());
  const Name service(key.namespace_(), key.service());
  consider.operator()<Namespace>("Namespace", Find(ObjectKind::kNamespace, {"", key.name()}));
  consider.operator()<Service>("Service", Find(ObjectKind::kService, name));
  consider.operator()<ServiceImport>("ServiceImport", Find(ObjectKind::kServiceImport, name));
  for (const SlicesByName* slices : {&slices_by_service_, &slices_by_import_}) {
    for (const Kept* kept : SlicesOf(service, *slices)) consider.operator()<EndpointSlice>("EndpointSlice", kept);
  }
  consider.operator()<Pod>("Pod", Find(ObjectKind::kPod, name));
  return text;
}

}  // namespace podnamed::controller
