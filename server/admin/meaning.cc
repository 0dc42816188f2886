#include "server/admin/meaning.h"

#include "absl/algorithm/container.h"
#include "server/admin/objects.h"
#include "server/base/ip_address.h"
#include "server/resolve/cluster_name.h"
#include "server/resolve/reverse_name.h"

namespace podnamed::admin {
namespace {

using resolve::ClusterName;
using resolve::ReverseName;
using state::ServiceBlock;
using Identity = ServiceBlock::Identity;

Meaning NamespaceMeaning(std::string_view name) {
  Meaning meaning;
  meaning.part = Meaning::Part::kNamespace;
  meaning.object.mutable_namespace_()->set_name(std::string(name));
  meaning.key.set_kind(feed::v1::Key::NAMESPACE);
  meaning.key.set_name(std::string(name));
  return meaning;
}

Meaning ServiceMeaning(const ServiceBlock& block, Meaning::Part part) {
  Meaning meaning;
  meaning.part = part;
  *meaning.object.mutable_service() = MakeService(block);
  meaning.key.set_kind(block.clusterset() ? feed::v1::Key::SERVICE_IMPORT : feed::v1::Key::SERVICE);
  meaning.key.set_namespace_(std::string(block.namespace_name()));
  meaning.key.set_name(std::string(block.name()));
  return meaning;
}

Meaning IdentityMeaning(const ServiceBlock& block, const Identity& identity) {
  Meaning meaning;
  meaning.part = Meaning::Part::kWhole;
  *meaning.object.mutable_pod() = MakePod(block, identity);
  meaning.key.set_kind(block.clusterset() ? feed::v1::Key::IMPORTED_IDENTITY : feed::v1::Key::POD_IDENTITY);
  meaning.key.set_namespace_(std::string(block.namespace_name()));
  meaning.key.set_service(std::string(block.name()));
  meaning.key.set_name(std::string(identity.name()));
  return meaning;
}

Meaning PodMeaning(const state::Pod& pod) {
  Meaning meaning;
  meaning.part = Meaning::Part::kWhole;
  *meaning.object.mutable_pod() = MakePod(pod);
  meaning.key.set_kind(feed::v1::Key::POD);
  meaning.key.set_namespace_(pod.namespace_name);
  meaning.key.set_name(pod.name);
  return meaning;
}

// Of those that bear the label the published one, which is the one that answers.
std::optional<Meaning> EndpointMeaning(const ServiceBlock& block, std::string_view label) {
  std::optional<Meaning> found;
  const auto take = [&](const Identity& identity) {
    if (!found || (identity.is_published() && !found->object.pod().published())) {
      found = IdentityMeaning(block, identity);
    }
  };
  block.ForEachWithLabel(label, take);
  if (!found) {
    if (const auto address = resolve::ParseDashedLabel(label)) block.ForEachWithAddress(*address, take);
  }
  return found;
}

// Who has the address: an endpoint, a service itself, or a pod that no service selects. Of one namespace, if it is not
// empty.
std::optional<Meaning> AddressMeaning(const base::IpAddress& address, std::string_view namespace_name,
                                      const state::Snapshot& snapshot) {
  std::optional<Meaning> found;
  const auto is_wanted = [&](std::string_view name) { return namespace_name.empty() || name == namespace_name; };
  snapshot.ForEachServiceWithAddress(address, [&](const ServiceBlock& block) {
    if (found || !is_wanted(block.namespace_name())) return;
    block.ForEachWithAddress(address, [&](const Identity& identity) {
      if (!found) found = IdentityMeaning(block, identity);
    });
    if (!found && block.has_service()) found = ServiceMeaning(block, Meaning::Part::kWhole);
  });
  snapshot.ForEachPodWithAddress(address, [&](std::string_view pod_namespace, std::string_view name) {
    const state::Pod* const pod = snapshot.FindPod(pod_namespace, name);
    if (!found && is_wanted(pod_namespace) && pod != nullptr) found = PodMeaning(*pod);
  });
  return found;
}

std::optional<Meaning> ForwardMeaning(const ClusterName& name, bool clusterset, bool spells_namespace,
                                      const state::Snapshot& snapshot) {
  if (name.kind == ClusterName::Kind::kNothing || name.namespace_name.empty()) return std::nullopt;
  if (name.kind == ClusterName::Kind::kPod) {
    if (const auto address = resolve::ParseDashedAddress(name.endpoint)) {
      if (std::optional<Meaning> pod = AddressMeaning(*address, name.namespace_name, snapshot)) return pod;
    }
  }
  const ServiceBlock* const block =
      name.service.empty() ? nullptr : snapshot.FindService(name.namespace_name, name.service, clusterset);
  if (block != nullptr) {
    const bool is_endpoint = name.kind == ClusterName::Kind::kEndpoint;
    if (is_endpoint) {
      if (std::optional<Meaning> endpoint = EndpointMeaning(*block, name.endpoint)) return endpoint;
    }
    if (block->has_service()) {
      return ServiceMeaning(*block, is_endpoint ? Meaning::Part::kService : Meaning::Part::kWhole);
    }
  }
  if (!spells_namespace || snapshot.FindNamespace(name.namespace_name) == nullptr) return std::nullopt;
  Meaning meaning = NamespaceMeaning(name.namespace_name);
  if (name.kind == ClusterName::Kind::kNamespace) meaning.part = Meaning::Part::kWhole;
  return meaning;
}

// Where services are reached from outside. A label in front of a service that has addresses there means nothing.
std::optional<Meaning> ExternalMeaning(const ClusterName& name, bool spells_namespace,
                                       const state::Snapshot& snapshot) {
  const ServiceBlock* const block =
      name.service.empty() ? nullptr : snapshot.FindService(name.namespace_name, name.service, /*clusterset=*/false);
  if (name.kind != ClusterName::Kind::kNothing && block != nullptr && block->has_service() && block->has_external()) {
    return ServiceMeaning(*block, Meaning::Part::kWhole);
  }
  return ForwardMeaning(name, /*clusterset=*/false, spells_namespace, snapshot);
}

// The zone that holds the name, the longest one, and of two of that name the first; nullptr if none does.
const ZoneSubject* ZoneOf(const dns::QueryName& name, const std::vector<ZoneSubject>& zones) {
  const ZoneSubject* found = nullptr;
  for (const ZoneSubject& zone : zones) {
    if (!name.LabelsAbove(zone.name.wire()).has_value()) continue;
    if (found == nullptr || zone.name.label_count() > found->name.label_count()) found = &zone;
  }
  return found;
}

// REQUIRES: the name is in the zone, and that is no reverse zone.
ClusterName ParseIn(const ZoneSubject& zone, const dns::QueryName& name) {
  const size_t above = name.LabelsAbove(zone.name.wire()).value();
  if (!zone.external_apex) return resolve::ParseClusterName(name, above, zone.clusterset);
  return resolve::ParseExternalName(name, above, std::string_view(*zone.external_apex).substr(1));
}

std::optional<Meaning> MeaningIn(const ZoneSubject& zone, const dns::QueryName& name, size_t spelled,
                                 const state::Snapshot& snapshot) {
  if (resolve::IsReverseZone(zone.name)) {
    const ReverseName reverse = resolve::ParseReverseName(name);
    if (reverse.kind != ReverseName::Kind::kAddress) return std::nullopt;
    return AddressMeaning(reverse.address, "", snapshot);
  }
  // N.svc.Z: the namespace is the last label but one above the zone. N.E: it is the last one.
  const size_t below_namespace = zone.external_apex ? 1 : 2;
  const size_t above = name.LabelsAbove(zone.name.wire()).value();
  const bool spells_namespace = above >= below_namespace && above - below_namespace < spelled;
  const ClusterName parsed = ParseIn(zone, name);
  return zone.external_apex ? ExternalMeaning(parsed, spells_namespace, snapshot)
                            : ForwardMeaning(parsed, zone.clusterset, spells_namespace, snapshot);
}

}  // namespace

std::optional<Meaning> FindMeaning(const dns::Name& name, const std::vector<ZoneSubject>& zones, size_t spelled,
                                   const state::Snapshot& snapshot) {
  dns::QueryName query;
  if (query.Read(name.wire()) == 0) return std::nullopt;
  const ZoneSubject* const longest = ZoneOf(query, zones);
  std::optional<Meaning> nearest;
  if (longest == nullptr) return nearest;
  // One zone may be for who asks from inside and, as the next plugin, from outside.
  for (const ZoneSubject& zone : zones) {
    if (zone.name != longest->name) continue;
    std::optional<Meaning> meaning = MeaningIn(zone, query, spelled, snapshot);
    if (meaning && (!nearest || meaning->part > nearest->part)) nearest = std::move(meaning);
  }
  return nearest;
}

std::optional<Scope> ScopeOf(const dns::Name& name, const std::vector<ZoneSubject>& zones) {
  dns::QueryName query;
  if (query.Read(name.wire()) == 0) return std::nullopt;
  const ZoneSubject* const zone = ZoneOf(query, zones);
  if (zone == nullptr || resolve::IsReverseZone(zone->name)) return std::nullopt;
  const ClusterName parsed = ParseIn(*zone, query);
  if (parsed.kind == ClusterName::Kind::kNothing || parsed.namespace_name.empty()) return std::nullopt;
  // What is in front of a service outside may be an endpoint, or nothing but the service.
  const bool is_endpoint = parsed.kind == ClusterName::Kind::kEndpoint && !zone->external_apex;
  return Scope{.namespace_name = std::string(parsed.namespace_name),
               .service = std::string(parsed.service),
               .label = is_endpoint ? std::string(parsed.endpoint) : "",
               .clusterset = zone->clusterset};
}

bool Scope::Holds(const inspect::v1::Object& object) const {
  switch (object.object_case()) {
    case inspect::v1::Object::kNamespace:
      return object.namespace_().name() == namespace_name && service.empty();
    case inspect::v1::Object::kService:
      return object.service().namespace_() == namespace_name && object.service().clusterset() == clusterset &&
             label.empty() && (service.empty() || object.service().name() == service);
    case inspect::v1::Object::kPod: {
      const inspect::v1::Pod& pod = object.pod();
      if (pod.namespace_() != namespace_name || pod.clusterset() != clusterset) return false;
      if (service.empty()) return true;
      if (pod.service() != service) return false;
      if (label.empty() || (pod.hostname().empty() ? pod.name() : pod.hostname()) == label) return true;
      const auto address = resolve::ParseDashedLabel(label);
      return address && absl::c_linear_search(pod.addresses(), address->ToString());
    }
    case inspect::v1::Object::OBJECT_NOT_SET:
      break;
  }
  return false;
}

}  // namespace podnamed::admin
