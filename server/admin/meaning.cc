#include "server/admin/meaning.h"

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
  meaning.key.set_kind(feed::v1::Key::SERVICE);
  meaning.key.set_namespace_(std::string(block.namespace_name()));
  meaning.key.set_name(std::string(block.name()));
  return meaning;
}

Meaning IdentityMeaning(const ServiceBlock& block, const Identity& identity) {
  Meaning meaning;
  meaning.part = Meaning::Part::kWhole;
  *meaning.object.mutable_pod() = MakePod(block, identity);
  meaning.key.set_kind(feed::v1::Key::POD_IDENTITY);
  meaning.key.set_namespace_(std::string(block.namespace_name()));
  meaning.key.set_service(std::string(block.name()));
  meaning.key.set_name(std::string(identity.name()));
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

std::optional<Meaning> ReverseMeaning(const dns::QueryName& name, const state::Snapshot& snapshot) {
  const ReverseName reverse = resolve::ParseReverseName(name);
  std::optional<Meaning> found;
  if (reverse.kind != ReverseName::Kind::kAddress) return found;
  snapshot.ForEachServiceWithAddress(reverse.address, [&](const ServiceBlock& block) {
    const size_t before = found ? 1 : 0;
    block.ForEachWithAddress(reverse.address, [&](const Identity& identity) {
      if (!found) found = IdentityMeaning(block, identity);
    });
    if (before == 0 && !found && block.has_service()) found = ServiceMeaning(block, Meaning::Part::kWhole);
  });
  return found;
}

std::optional<Meaning> ForwardMeaning(const ClusterName& name, bool spells_namespace, const state::Snapshot& snapshot) {
  if (name.kind == ClusterName::Kind::kNothing || name.namespace_name.empty()) return std::nullopt;
  const ServiceBlock* const block =
      name.service.empty() ? nullptr : snapshot.FindService(name.namespace_name, name.service);
  if (block != nullptr) {
    const bool is_endpoint = name.kind == ClusterName::Kind::kEndpoint;
    if (is_endpoint) {
      if (std::optional<Meaning> endpoint = EndpointMeaning(*block, name.endpoint)) return endpoint;
    }
    if (block->has_service()) {
      return ServiceMeaning(*block, is_endpoint ? Meaning::Part::kService : Meaning::Part::kWhole);
    }
  }
  if (!spells_namespace || !snapshot.HasNamespace(name.namespace_name)) return std::nullopt;
  Meaning meaning = NamespaceMeaning(name.namespace_name);
  if (name.kind == ClusterName::Kind::kNamespace) meaning.part = Meaning::Part::kWhole;
  return meaning;
}

// The zone that holds the name, the longest one; nullptr if none does.
const dns::Name* ZoneOf(const dns::QueryName& name, const std::vector<dns::Name>& zones) {
  const dns::Name* found = nullptr;
  for (const dns::Name& zone : zones) {
    if (!name.LabelsAbove(zone.wire()).has_value()) continue;
    if (found == nullptr || zone.label_count() > found->label_count()) found = &zone;
  }
  return found;
}

}  // namespace

std::optional<Meaning> FindMeaning(const dns::Name& name, const std::vector<dns::Name>& zones, size_t spelled,
                                   const state::Snapshot& snapshot) {
  dns::QueryName query;
  if (query.Read(name.wire()) == 0) return std::nullopt;
  const dns::Name* const zone = ZoneOf(query, zones);
  if (zone == nullptr) return std::nullopt;
  if (resolve::IsReverseZone(*zone)) return ReverseMeaning(query, snapshot);
  const size_t above = query.LabelsAbove(zone->wire()).value();
  // N.svc.Z: the namespace is the last label but one above the zone.
  const bool spells_namespace = above >= 2 && above - 2 < spelled;
  return ForwardMeaning(resolve::ParseClusterName(query, above), spells_namespace, snapshot);
}

std::optional<Scope> ScopeOf(const dns::Name& name, const std::vector<dns::Name>& zones) {
  dns::QueryName query;
  if (query.Read(name.wire()) == 0) return std::nullopt;
  const dns::Name* const zone = ZoneOf(query, zones);
  if (zone == nullptr || resolve::IsReverseZone(*zone)) return std::nullopt;
  const ClusterName parsed = resolve::ParseClusterName(query, query.LabelsAbove(zone->wire()).value());
  if (parsed.kind == ClusterName::Kind::kNothing || parsed.namespace_name.empty()) return std::nullopt;
  return Scope{.namespace_name = std::string(parsed.namespace_name),
               .service = std::string(parsed.service),
               .label = parsed.kind == ClusterName::Kind::kEndpoint ? std::string(parsed.endpoint) : ""};
}

bool Scope::Holds(const inspect::v1::Object& object) const {
  switch (object.object_case()) {
    case inspect::v1::Object::kNamespace:
      return object.namespace_().name() == namespace_name && service.empty();
    case inspect::v1::Object::kService:
      return object.service().namespace_() == namespace_name && label.empty() &&
             (service.empty() || object.service().name() == service);
    case inspect::v1::Object::kPod: {
      const inspect::v1::Pod& pod = object.pod();
      if (pod.namespace_() != namespace_name) return false;
      if (service.empty()) return true;
      if (pod.service() != service) return false;
      return label.empty() || (pod.hostname().empty() ? pod.name() : pod.hostname()) == label;
    }
    case inspect::v1::Object::OBJECT_NOT_SET:
      break;
  }
  return false;
}

}  // namespace podnamed::admin
