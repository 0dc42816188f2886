// The objects of a cluster, and what an event changes in their records. Events come one at a time, in any order: slices
// before their Service, pods before their StatefulSet, a namespace's objects before itself. Pure; one thread.
//
// What is kept: the objects (kept_object.h, kept_slice.h), no records. The first event since the last TakeChanges that
// touches a service, a namespace, a service import or a pod has its records made as they were; TakeChanges makes them
// as they are, and what differs is the change. So an event costs what it touches, which is found by index, not what the
// cluster holds: of a pod that pod, of a slice the pods of which it says something else, of a service or a StatefulSet
// their pods. An object that comes again as it was, as all do in a relist, costs a comparison. Before the first
// TakeChanges there were no records: events cost nothing but what is kept, and TakeChanges makes the records of all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/node_hash_map.h"
#include "absl/functional/function_ref.h"
#include "controller/identity/kept_object.h"
#include "controller/identity/kept_slice.h"
#include "controller/identity/postings.h"
#include "proto/podnamed/feed/v1/feed.pb.h"

namespace podnamed::controller {

class ClusterIndex {
 public:
  // What people leave out, who do not make what a cluster makes itself.
  struct Rules {
    // A service without slices has those of the pods that it selects. Else pods are kept in few octets (kept_pod.h),
    // and no StatefulSets may be Put: their pods are as they are.
    bool pods_alone_are_identities = true;
    bool objects_make_namespaces = true;  // a namespace is there while an object names it
    bool has_pods = true;                 // pods may be Put: without, nothing is kept for them
  };
  explicit ClusterIndex(Rules rules) : rules_(rules) {}

  // The object now is so, and was seen by the relist of its kind, if there is one. False: it was so before.
  template <typename Object>
  bool Put(const Object& object);

  // The object is gone. Changes nothing if it is unknown, or another life than `uid` names (empty: whichever) has taken
  // its place. A Namespace has no namespace.
  void Delete(ObjectKind kind, std::string_view namespace_name, std::string_view name, std::string_view uid);

  // Mark and sweep: between the two every object of the kind that exists is Put, and EndRelist deletes those that were
  // not. Until then nothing goes. A second BeginRelist starts again.
  void BeginRelist(ObjectKind kind);
  void EndRelist(ObjectKind kind);

  // What changed in the records since the last call, each key once: upserts, then deletes with the uid of what was,
  // both in the order of the feed's keys. The records are
  //   a Namespace for every namespace that an object is or (by those rules) names,
  //   a Service for every service that has a name (records.h),
  //   the identities of every service (identities.h); pods of a StatefulSet are completed first (stateful_set.h),
  //   a Pod for every pod with an address that has not ended and that no identity names,
  //   a service import for every ServiceImport, and the identities of those that are headless.
  std::vector<feed::v1::Op> TakeChanges();
  // The same, handed to `take` in pieces; the first time, when there is everything to take, of about `piece` records
  // each, all upserts, and in the order of keys within a piece only: the records of a whole cluster are many times
  // larger in memory as operations than as what they are made of. `take` must not call this.
  void TakeChanges(size_t piece, absl::FunctionRef<void(std::vector<feed::v1::Op> ops)> take);

  size_t objects(ObjectKind kind) const { return TableOf(kind).size(); }

  // How many records of each kind (feed::v1::Key::Kind) there are, as of the last TakeChanges.
  using RecordCounts = std::array<size_t, feed::v1::Key::Kind_ARRAYSIZE>;
  const RecordCounts& records() const { return records_; }

  // The object that says best what the record of that key says, for people: "EndpointSlice default/nginx-x7k2p". Empty:
  // there is none.
  std::string ObjectFor(const feed::v1::Key& key) const;

 private:
  using Name = std::pair<std::string_view, std::string_view>;  // namespace, name

  struct Kept {
    const std::string* namespace_name;  // a key of objects_in_
    std::string text;                   // the name, then the encoding
    uint16_t name_size;
    uint32_t round;  // of the relist that saw it last

    Name name() const { return {*namespace_name, std::string_view(text).substr(0, name_size)}; }
    std::string_view octets() const { return std::string_view(text).substr(name_size); }
  };
  struct HashOfName {
    using is_transparent = void;
    size_t operator()(const Name& name) const;
    size_t operator()(const std::unique_ptr<Kept>& kept) const { return (*this)(kept->name()); }
  };
  struct EqualName {
    using is_transparent = void;
    static Name NameOf(const Name& name) { return name; }
    static Name NameOf(const std::unique_ptr<Kept>& kept) { return kept->name(); }
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return NameOf(a) == NameOf(b);
    }
  };
  using Table = absl::flat_hash_set<std::unique_ptr<Kept>, HashOfName, EqualName>;

  // Records that are made together, because they change together. A service's are its own and, where it has slices, the
  // identities from them; those that are derived from a pod are the pod's: a change of one pod makes no other's anew.
  enum class Unit : uint8_t { kNamespace, kService, kImport, kPod };
  static constexpr size_t kUnits = 4;
  // Pods last: whether one has a record of its own is known when all identities from slices are.
  static constexpr Unit kInOrder[kUnits] = {Unit::kNamespace, Unit::kService, Unit::kImport, Unit::kPod};
  // What may have changed: of a service perhaps only the identities of some pods, and else all records. `before`: these
  // as they were, encoded.
  struct Touching {
    bool is_whole = false;
    PodNames pods;
    std::vector<std::string> before;
  };
  using Touched = absl::flat_hash_map<std::pair<std::string, std::string>, Touching>;
  using SlicesByName = absl::flat_hash_map<std::pair<std::string, std::string>, std::vector<Kept*>>;

  Table& TableOf(ObjectKind kind) { return tables_[static_cast<size_t>(kind)]; }
  const Table& TableOf(ObjectKind kind) const { return tables_[static_cast<size_t>(kind)]; }
  Kept* Find(ObjectKind kind, const Name& name) const;
  // As it was put, as far as it is kept.
  template <typename Object>
  Object DecodeAsPut(const Kept& kept) const;
  // The same, but a pod as the controller of its StatefulSet would have made it.
  template <typename Object>
  Object Decode(const Kept& kept) const;
  k8s::core::v1::Pod CompletedBySet(k8s::core::v1::Pod pod) const;

  // The way of every change: `kept` is nullptr where the object is new, `after` where it goes; `text` is to be kept.
  template <typename Object>
  void Change(const Name& name, Kept* kept, const Object* after, std::string text);
  // The same for a slice that says something else of some pods and nothing else new. False: it is not so.
  bool ChangePods(const Name& name, Kept* kept, const k8s::discovery::v1::EndpointSlice& after, std::string* text);
  Kept* Keep(ObjectKind kind, Kept* kept, const Name& name, std::string text);
  void Forget(ObjectKind kind, Kept* kept);
  template <typename Object>
  void Erase(Kept* kept, std::string_view uid);
  void Erase(ObjectKind kind, Kept* kept, std::string_view uid);

  // Notes what a change touches, before it happens; of a service only the identities of `pods`, unless that is nullptr.
  void Touch(Unit unit, const Name& name, const PodNames* pods = nullptr);
  // Whether a service's identities from slices are each of one pod alone, so that some can be made without the others.
  bool IsOfPodsAlone(const Name& service) const;
  template <typename Object>
  void TouchNamespaceBy(const Name& name, const Object* before, const Object* after);
  void TouchBy(const Name& name, const k8s::core::v1::Namespace* before, const k8s::core::v1::Namespace* after);
  void TouchBy(const Name& name, const k8s::core::v1::Service* before, const k8s::core::v1::Service* after);
  void TouchBy(const Name& name, const k8s::core::v1::Pod* before, const k8s::core::v1::Pod* after);
  void TouchBy(const Name& name, const k8s::discovery::v1::EndpointSlice* before,
               const k8s::discovery::v1::EndpointSlice* after);
  void TouchBy(const Name& name, const k8s::apps::v1::StatefulSet* before, const k8s::apps::v1::StatefulSet* after);
  void TouchBy(const Name& name, const k8s::multicluster::v1alpha1::ServiceImport* before,
               const k8s::multicluster::v1alpha1::ServiceImport* after);
  void TouchServicesOf(const Name& pod, const k8s::core::v1::Pod* before, const k8s::core::v1::Pod* after);
  void TouchSelectedBy(const k8s::core::v1::Service& service);

  // Where an object is found, besides under its name.
  template <typename Object>
  void Link(const Object&, Kept*) {}
  template <typename Object>
  void Unlink(const Object&, Kept*) {}
  void Link(const k8s::core::v1::Service& service, Kept* kept);
  void Unlink(const k8s::core::v1::Service& service, Kept* kept);
  void Link(const k8s::core::v1::Pod& pod, Kept* kept);
  void Unlink(const k8s::core::v1::Pod& pod, Kept* kept);
  void Link(const k8s::discovery::v1::EndpointSlice& slice, Kept* kept);
  void Unlink(const k8s::discovery::v1::EndpointSlice& slice, Kept* kept);
  void LinkPods(const k8s::discovery::v1::EndpointSlice& slice, Kept* kept);
  void UnlinkPods(const k8s::discovery::v1::EndpointSlice& slice, Kept* kept);

  // What may select one of the pods, by name; either may be nullptr.
  std::vector<const Kept*> CandidatesFor(const k8s::core::v1::Pod* a, const k8s::core::v1::Pod* b) const;
  std::vector<k8s::core::v1::Pod> SelectedBy(const k8s::core::v1::Service& service) const;
  std::vector<Kept*> PodsOfSet(const Name& set) const;
  // Of a service or an import.
  static const std::vector<Kept*>& SlicesOf(const Name& name, const SlicesByName& slices);
  std::vector<k8s::discovery::v1::EndpointSlice> DecodeSlicesOf(const Name& name, const SlicesByName& slices,
                                                                const PodNames* only = nullptr) const;
  // As far as they are known.
  std::vector<k8s::core::v1::Pod> PodsNamedBy(const std::vector<k8s::discovery::v1::EndpointSlice>& slices,
                                              const std::string& namespace_name) const;
  // Whether its identities come from slices, be there any.
  bool HasSlices(const Name& service) const {
    return !rules_.pods_alone_are_identities || !SlicesOf(service, slices_by_service_).empty();
  }

  // All records of a unit as they are, in the order of their keys; of a service with `pods` those identities alone.
  std::vector<feed::v1::Record> RecordsOf(Unit unit, const Name& name, const PodNames* pods = nullptr) const;
  std::vector<feed::v1::Record> NamespaceRecords(const Name& name) const;
  std::vector<feed::v1::Record> ServiceRecords(const Name& name, const PodNames* pods) const;
  std::vector<feed::v1::Record> ImportRecords(const Name& name) const;
  std::vector<feed::v1::Record> PodRecords(const Name& name) const;

  // `record`, of a service, came (1) or went (-1): does it name a pod?
  void CountNaming(const feed::v1::Record& record, int change);

  void TakeEverything(size_t piece, absl::FunctionRef<void(std::vector<feed::v1::Op> ops)> take);
  // The names of all units that there are, in order.
  std::vector<Name> AllOf(Unit unit) const;
  std::vector<feed::v1::Op> TakeTouched();

  Rules rules_;
  bool is_fresh_ = true;  // nothing has been taken
  std::array<Table, kObjectKinds> tables_;
  std::array<uint32_t, kObjectKinds> rounds_ = {};
  absl::node_hash_map<std::string, size_t> objects_in_;  // how many each namespace has; none has none
  // Of people: how the pods are found whose identities no slices make.
  Postings<Kept> pods_by_label_;     // and by the name of their StatefulSet
  Postings<Kept> services_by_pair_;  // one pair of their selector
  Postings<Kept> slices_by_pod_;     // that they name
  SlicesByName slices_by_service_;
  SlicesByName slices_by_import_;
  // How many identities from slices name a pod, by the hash of its name; as of the last TakeChanges. Names that collide
  // (1 in 10^8 among a million) could cost a pod that no service selects its record; the names themselves would cost 60
  // octets each.
  absl::flat_hash_map<size_t, uint32_t> named_;
  std::array<Touched, kUnits> touched_;
  RecordCounts records_ = {};
};

}  // namespace podnamed::controller
