#include "server/admin/changes.h"

#include <fmt/format.h>

#include <map>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "server/admin/objects.h"

namespace podnamed::admin {
namespace {

using inspect::v1::Change;
using inspect::v1::Object;
using state::ServiceBlock;
using Identity = ServiceBlock::Identity;
using Visit = absl::FunctionRef<void(ObjectChange)>;

Object ObjectOf(const state::Namespace& entry) {
  Object object;
  object.mutable_namespace_()->set_name(entry.name);
  return object;
}
Object ObjectOf(const ServiceBlock& block) {
  Object object;
  *object.mutable_service() = MakeService(block);
  return object;
}
Object ObjectOf(const ServiceBlock& block, const Identity& identity) {
  Object object;
  *object.mutable_pod() = MakePod(block, identity);
  return object;
}
Object ObjectOf(const state::Pod& pod) {
  Object object;
  *object.mutable_pod() = MakePod(pod);
  return object;
}

std::vector<std::string_view> HostnamesOf(const ServiceBlock& block) {
  std::vector<std::string_view> hostnames;
  block.ForEachExternalHostname([&](std::string_view hostname) { hostnames.push_back(hostname); });
  return hostnames;
}

bool IsReachedAlike(const ServiceBlock& a, const ServiceBlock& b) {
  return absl::c_equal(a.external_ipv4(), b.external_ipv4()) && absl::c_equal(a.external_ipv6(), b.external_ipv6()) &&
         HostnamesOf(a) == HostnamesOf(b);
}

bool IsSameService(const ServiceBlock& a, const ServiceBlock& b) {
  if (a.uid() != b.uid() || a.kind() != b.kind() || a.publish_not_ready() != b.publish_not_ready()) return false;
  if (a.external_name() != b.external_name() || a.port_count() != b.port_count()) return false;
  for (size_t i = 0; i < a.port_count(); ++i) {
    if (a.port(i) != b.port(i)) return false;
  }
  return absl::c_equal(a.cluster_ipv4(), b.cluster_ipv4()) && absl::c_equal(a.cluster_ipv6(), b.cluster_ipv6()) &&
         IsReachedAlike(a, b);
}

bool IsSameIdentity(const Identity& a, const Identity& b) {
  if (a.uid() != b.uid() || a.is_pod() != b.is_pod() || a.hostname() != b.hostname()) return false;
  if (a.ready() != b.ready() || a.serving() != b.serving() || a.terminating() != b.terminating()) return false;
  if (a.is_published() != b.is_published() || a.port_count() != b.port_count()) return false;
  if (a.zone() != b.zone() || a.cluster() != b.cluster()) return false;
  for (size_t i = 0; i < a.port_count(); ++i) {
    if (a.port(i) != b.port(i)) return false;
  }
  return absl::c_equal(a.ipv4(), b.ipv4()) && absl::c_equal(a.ipv6(), b.ipv6());
}

void VisitGone(Object object, Visit visit) { visit({.before = std::move(object), .after = std::nullopt}); }
void VisitCome(Object object, Visit visit) { visit({.before = std::nullopt, .after = std::move(object)}); }

// Both blocks are of one service; either may be nullptr. Walks through their identities side by side.
void CompareBlocks(const ServiceBlock* before, const ServiceBlock* after, Visit visit) {
  const bool had = before != nullptr && before->has_service();
  const bool has = after != nullptr && after->has_service();
  if (had && !has) VisitGone(ObjectOf(*before), visit);
  if (has && !had) VisitCome(ObjectOf(*after), visit);
  if (had && has && !IsSameService(*before, *after)) {
    visit({.before = ObjectOf(*before), .after = ObjectOf(*after), .replaced = before->uid() != after->uid()});
  }
  const size_t count_before = before == nullptr ? 0 : before->identity_count();
  const size_t count_after = after == nullptr ? 0 : after->identity_count();
  size_t i = 0;
  size_t j = 0;
  while (i < count_before || j < count_after) {
    const bool only_before = j == count_after || (i < count_before && state::OrdinalLess(before->identity(i).name(),
                                                                                         after->identity(j).name()));
    if (only_before) {
      VisitGone(ObjectOf(*before, before->identity(i++)), visit);
      continue;
    }
    const bool only_after =
        i == count_before || state::OrdinalLess(after->identity(j).name(), before->identity(i).name());
    if (only_after) {
      VisitCome(ObjectOf(*after, after->identity(j++)), visit);
      continue;
    }
    const Identity old = before->identity(i++);
    const Identity now = after->identity(j++);
    if (IsSameIdentity(old, now)) continue;
    visit({.before = ObjectOf(*before, old), .after = ObjectOf(*after, now), .replaced = old.uid() != now.uid()});
  }
}

// Pairs what went and what came under one name.
class Comparison {
 public:
  void Gone(const state::Namespace& entry) { namespaces_[entry.name].first = &entry; }
  void Come(const state::Namespace& entry) { namespaces_[entry.name].second = &entry; }
  void Gone(const ServiceBlock& block) { blocks_[KeyOf(block)].first = &block; }
  void Come(const ServiceBlock& block) { blocks_[KeyOf(block)].second = &block; }
  void Gone(const state::Pod& pod) { pods_[{pod.namespace_name, pod.name}].first = &pod; }
  void Come(const state::Pod& pod) { pods_[{pod.namespace_name, pod.name}].second = &pod; }

  void Tell(Visit visit) const {
    for (const auto& [name, pair] : namespaces_) TellSimple(pair, visit);
    for (const auto& [name, pair] : blocks_) CompareBlocks(pair.first, pair.second, visit);
    for (const auto& [name, pair] : pods_) {
      const bool is_same = pair.first != nullptr && pair.second != nullptr && pair.first->uid == pair.second->uid &&
                           pair.first->addresses == pair.second->addresses;
      if (!is_same) TellSimple(pair, visit);
    }
  }

 private:
  using BlockKey = std::tuple<bool, std::string_view, std::string_view>;  // clusterset, namespace, name
  static BlockKey KeyOf(const ServiceBlock& block) {
    return {block.clusterset(), block.namespace_name(), block.name()};
  }

  template <typename Entry>
  using Pair = std::pair<const Entry*, const Entry*>;

  template <typename Entry>
  static void TellSimple(const Pair<Entry>& pair, Visit visit) {
    ObjectChange change;
    if (pair.first != nullptr) change.before = ObjectOf(*pair.first);
    if (pair.second != nullptr) change.after = ObjectOf(*pair.second);
    change.replaced = pair.first != nullptr && pair.second != nullptr && pair.first->uid != pair.second->uid;
    visit(std::move(change));
  }

  std::map<std::string_view, Pair<state::Namespace>> namespaces_;
  std::map<BlockKey, Pair<ServiceBlock>> blocks_;
  std::map<std::pair<std::string_view, std::string_view>, Pair<state::Pod>> pods_;
};

// Namespace, service, what it is, name.
std::tuple<std::string_view, std::string_view, int, std::string_view> OrderOf(const Object& object) {
  switch (object.object_case()) {
    case Object::kNamespace:
      return {object.namespace_().name(), "", 0, ""};
    case Object::kService:
      return {object.service().namespace_(), object.service().name(), object.service().clusterset() ? 3 : 1, ""};
    case Object::kPod:
      return {object.pod().namespace_(), object.pod().service(), object.pod().clusterset() ? 4 : 2,
              object.pod().name()};
    case Object::OBJECT_NOT_SET:
      break;
  }
  return {};
}

}  // namespace

void ForEachChange(const state::Snapshot* before, const state::Snapshot& after, Visit visit) {
  Comparison comparison;
  if (before != nullptr) {
    after.CompareWith(*before, comparison);
  } else {
    const auto come = [&](const auto& entry) { comparison.Come(entry); };
    after.ForEachNamespace(come);
    after.ForEachService(come);
    after.ForEachPod(come);
  }
  comparison.Tell(visit);
}

bool ObjectLess(const Object& a, const Object& b) {
  const auto [namespace_a, service_a, kind_a, name_a] = OrderOf(a);
  const auto [namespace_b, service_b, kind_b, name_b] = OrderOf(b);
  const auto place_a = std::tie(namespace_a, service_a, kind_a);
  const auto place_b = std::tie(namespace_b, service_b, kind_b);
  return place_a != place_b ? place_a < place_b : state::OrdinalLess(name_a, name_b);
}

Change MakeChange(const ObjectChange& change) {
  Change made;
  if (change.before) *made.mutable_before() = *change.before;
  if (change.after) *made.mutable_after() = *change.after;
  if (!change.before) {
    made.set_action(Change::ADDED);
    const std::string description = Describe(*change.after);
    made.set_text(fmt::format("{} is new{}{}", NameOf(*change.after), description.empty() ? "" : ": ", description));
  } else if (!change.after) {
    made.set_action(Change::REMOVED);
    made.set_text(fmt::format("{} is gone", NameOf(*change.before)));
  } else {
    made.set_action(change.replaced ? Change::REPLACED : Change::CHANGED);
    const std::string difference = DescribeChange(*change.before, *change.after);
    made.set_text(fmt::format("{}: {}{}{}", NameOf(*change.after), change.replaced ? "another one of that name" : "",
                              change.replaced && !difference.empty() ? ", " : "", difference));
  }
  return made;
}

}  // namespace podnamed::admin
