#include "controller/identity/stateful_set.h"

#include <charconv>
#include <string>
#include <system_error>

#include "controller/identity/selector.h"

namespace podnamed::controller {
namespace {

using k8s::apps::v1::StatefulSet;
using k8s::core::v1::Pod;
using k8s::meta::v1::OwnerReference;

std::optional<uint32_t> ParseOrdinal(std::string_view digits) {
  if (digits.size() > 1 && digits[0] == '0') return std::nullopt;
  uint32_t ordinal;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), ordinal);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return ordinal;
}

// The StatefulSet that owns the pod, by its owner references; nullptr if none does.
const OwnerReference* StatefulSetOwner(const Pod& pod) {
  for (const OwnerReference& owner : pod.metadata().owner_references()) {
    if (owner.kind() == "StatefulSet") return &owner;
  }
  return nullptr;
}

bool HasController(const Pod& pod) {
  for (const OwnerReference& owner : pod.metadata().owner_references()) {
    if (owner.controller()) return true;
  }
  return false;
}

}  // namespace

std::optional<StatefulName> ParseStatefulName(std::string_view pod_name) {
  const size_t dash = pod_name.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  const std::optional<uint32_t> ordinal = ParseOrdinal(pod_name.substr(dash + 1));
  if (!ordinal) return std::nullopt;
  return StatefulName{pod_name.substr(0, dash), *ordinal};
}

std::optional<uint32_t> OrdinalOf(const Pod& pod) {
  const auto label = pod.metadata().labels().find(kPodIndexLabel);
  if (label != pod.metadata().labels().end()) return ParseOrdinal(label->second);
  if (StatefulSetOwner(pod) == nullptr) return std::nullopt;
  const std::optional<StatefulName> name = ParseStatefulName(pod.metadata().name());
  return name ? std::optional(name->ordinal) : std::nullopt;
}

std::string_view OwningSetOf(const Pod& pod) {
  const OwnerReference* owner = StatefulSetOwner(pod);
  return owner == nullptr ? std::string_view() : owner->name();
}

std::string_view StatefulSetNameOf(const Pod& pod) {
  if (const OwnerReference* owner = StatefulSetOwner(pod)) return owner->name();
  const std::optional<StatefulName> name = ParseStatefulName(pod.metadata().name());
  return name ? name->set : std::string_view();
}

bool Owns(const StatefulSet& set, const Pod& pod) {
  if (const OwnerReference* owner = StatefulSetOwner(pod)) {
    const bool other_life =
        !owner->uid().empty() && !set.metadata().uid().empty() && owner->uid() != set.metadata().uid();
    return owner->name() == set.metadata().name() && !other_life;
  }
  const std::optional<StatefulName> name = ParseStatefulName(pod.metadata().name());
  return !HasController(pod) && name && name->set == set.metadata().name() && set.spec().has_selector() &&
         SelectorMatches(set.spec().selector(), pod.metadata().labels());
}

void CompletePod(const StatefulSet& set, Pod* pod) {
  k8s::core::v1::PodSpec& spec = *pod->mutable_spec();
  if (spec.hostname().empty()) spec.set_hostname(pod->metadata().name());
  if (spec.subdomain().empty()) spec.set_subdomain(set.spec().service_name());
  const std::optional<StatefulName> name = ParseStatefulName(pod->metadata().name());
  if (name) {
    // insert() keeps a label that is there.
    pod->mutable_metadata()->mutable_labels()->insert({kPodIndexLabel, std::to_string(name->ordinal)});
  }
}

}  // namespace podnamed::controller
