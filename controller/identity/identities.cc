#include "controller/identity/identities.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "controller/identity/records.h"
#include "controller/identity/stateful_set.h"
#include "server/base/ip_address.h"

namespace podnamed::controller {
namespace {

using feed::v1::PodIdentity;
using k8s::core::v1::Container;
using k8s::core::v1::ContainerPort;
using k8s::core::v1::Pod;
using k8s::core::v1::Service;
using k8s::core::v1::ServicePort;
using k8s::discovery::v1::Endpoint;
using k8s::discovery::v1::EndpointPort;
using k8s::discovery::v1::EndpointSlice;

constexpr char kZoneLabel[] = "topology.kubernetes.io/zone";

using IdentitiesByName = absl::btree_map<std::string, PodIdentity>;
using PodsByName = absl::flat_hash_map<std::string_view, const Pod*>;

bool SamePort(const feed::v1::Port& a, const feed::v1::Port& b) {
  return a.name() == b.name() && a.protocol() == b.protocol() && a.number() == b.number();
}

void AddAddress(const std::string& octets, PodIdentity* identity) {
  if (!absl::c_linear_search(identity->addresses(), octets)) identity->add_addresses(octets);
}

void AddPort(const feed::v1::Port& port, PodIdentity* identity) {
  const auto same = [&](const feed::v1::Port& present) { return SamePort(present, port); };
  if (!absl::c_any_of(identity->ports(), same)) *identity->add_ports() = port;
}

// Which of two pods of one name, `identity` and what is known already, is the one that has it now? A StatefulSet makes
// web-0 anew when the old web-0 is gone from the API server; for a moment the slices may name both. The ready one is
// it: one that is not has nothing to answer with yet, or any more. Where both say ready (publishNotReadyAddresses says
// it of every pod), the one that terminates was there before. Where that does not tell, the source may know the pod;
// last, because it hears of pods and of slices on two ways, and may know the older one still. Else what is known stays.
bool TakesOver(const PodIdentity& identity, const PodIdentity& present, const PodsByName& pods) {
  if (identity.ready() != present.ready()) return identity.ready();
  if (identity.terminating() != present.terminating()) return present.terminating();
  const auto pod = pods.find(present.name());
  return pod != pods.end() && pod->second->metadata().uid() == identity.uid();
}

// Puts what one more slice says of a pod beside what is known of it; the header says who wins.
void Add(PodIdentity identity, const PodsByName& pods, IdentitiesByName* identities) {
  const auto [position, is_new] = identities->try_emplace(identity.name());
  if (is_new) {
    position->second = std::move(identity);
    return;
  }
  PodIdentity& present = position->second;
  const bool other_life = !identity.uid().empty() && !present.uid().empty() && identity.uid() != present.uid();
  if (other_life) {
    if (TakesOver(identity, present, pods)) present = std::move(identity);
    return;
  }
  if (identity.ready() != present.ready()) {
    if (identity.ready()) present = std::move(identity);
    return;
  }
  if (!identity.hostname().empty() && !present.hostname().empty() && identity.hostname() != present.hostname()) {
    // A pod by another name: one more identity, which no pod is named like.
    identity.set_name(identity.hostname() + "." + identity.name());
    identity.set_is_pod(false);
    Add(std::move(identity), pods, identities);
    return;
  }
  for (const std::string& octets : identity.addresses()) AddAddress(octets, &present);
  for (const feed::v1::Port& port : identity.ports()) AddPort(port, &present);
}

// ---- from EndpointSlices

std::string_view LabelOf(const EndpointSlice& slice, const char* key) {
  const auto label = slice.metadata().labels().find(key);
  return label == slice.metadata().labels().end() ? std::string_view() : label->second;
}

// The name of an endpoint that no pod stands behind: its address with dashes, beginning and ending like a DNS label.
std::string DashedName(const base::IpAddress& address) {
  std::string name = absl::StrReplaceAll(address.ToString(), {{".", "-"}, {":", "-"}});
  if (name.front() == '-') name.insert(0, "0");
  if (name.back() == '-') name.push_back('0');
  return name;
}

// What a pod tells of its StatefulSet.
void AddSetFacts(const Pod& pod, PodIdentity* identity) {
  if (const auto ordinal = OrdinalOf(pod)) identity->set_ordinal(*ordinal);
  const std::string_view set = OwningSetOf(pod);
  if (set.empty()) return;
  identity->set_stateful_set(std::string(set));
  const auto revision = pod.metadata().labels().find(kControllerRevisionLabel);
  if (revision != pod.metadata().labels().end()) identity->set_controller_revision(revision->second);
}

// The same of a pod that may be known by its endpoint alone.
void AddSetFacts(const PodsByName& pods, PodIdentity* identity) {
  const auto pod = pods.find(identity->name());
  if (pod != pods.end()) return AddSetFacts(*pod->second, identity);
  // Only StatefulSets make pods whose hostname is their own name with a number at its end.
  if (identity->hostname() != identity->name()) return;
  if (const auto name = ParseStatefulName(identity->name())) identity->set_ordinal(name->ordinal);
}

// std::nullopt for an endpoint without a usable address.
std::optional<PodIdentity> FromEndpoint(const Endpoint& endpoint, const EndpointSlice& slice, const PodsByName& pods) {
  PodIdentity identity;
  for (const std::string& text : endpoint.addresses()) {
    const std::optional<base::IpAddress> address = ParseHostAddress(text);
    if (!address) continue;
    if (identity.addresses().empty()) identity.set_name(DashedName(*address));
    AddAddress(ToOctets(*address), &identity);
  }
  if (identity.addresses().empty()) return std::nullopt;

  identity.set_hostname(endpoint.hostname());
  // Several hostnames may stand for one address, and several addresses for one hostname.
  if (!endpoint.hostname().empty()) identity.set_name(endpoint.hostname() + "." + identity.name());
  identity.set_node(endpoint.node_name());
  identity.set_zone(endpoint.zone());
  if (endpoint.target_ref().kind() == "Pod" && !endpoint.target_ref().name().empty()) {
    identity.set_name(endpoint.target_ref().name());
    identity.set_is_pod(true);
    identity.set_uid(endpoint.target_ref().uid());
    AddSetFacts(pods, &identity);
  }
  // discovery/v1: an absent ready means ready, an absent serving means as ready says, an absent terminating means no.
  const auto& conditions = endpoint.conditions();
  identity.set_ready(!conditions.has_ready() || conditions.ready());
  identity.set_serving(conditions.has_serving() ? conditions.serving() : identity.ready());
  identity.set_terminating(conditions.terminating());
  for (const EndpointPort& port : slice.ports()) {
    feed::v1::Port out;
    out.set_name(port.name());
    out.set_protocol(ToProtocol(port.protocol()));
    out.set_number(static_cast<uint32_t>(port.port()));
    AddPort(out, &identity);
  }
  return identity;
}

IdentitiesByName FromSlices(absl::Span<const EndpointSlice* const> slices, absl::Span<const Pod* const> pods) {
  PodsByName pods_by_name;
  for (const Pod* pod : pods) pods_by_name.emplace(pod->metadata().name(), pod);
  IdentitiesByName identities;
  for (const EndpointSlice* slice : slices) {
    if (slice->address_type() == "FQDN") continue;
    for (const Endpoint& endpoint : slice->endpoints()) {
      auto identity = FromEndpoint(endpoint, *slice, pods_by_name);
      if (identity) Add(*std::move(identity), pods_by_name, &identities);
    }
  }
  return identities;
}

// ---- from Pods

struct Families {
  bool v4 = false;
  bool v6 = false;
  bool Has(const base::IpAddress& address) const { return address.is_v4() ? v4 : v6; }
};

// getAddressTypesForService: spec.ipFamilies, else those of the cluster addresses, else both.
Families FamiliesOf(const Service& service) {
  Families families;
  for (const std::string& family : service.spec().ip_families()) {
    families.v4 |= family == "IPv4";
    families.v6 |= family == "IPv6";
  }
  if (families.v4 || families.v6) return families;
  for (const base::IpAddress& address : ClusterAddressesOf(service)) {
    families.v4 |= address.is_v4();
    families.v6 |= !address.is_v4();
  }
  if (families.v4 || families.v6) return families;
  return {true, true};
}

bool IsReady(const Pod& pod) {
  return absl::c_any_of(pod.status().conditions(), [](const auto& condition) {
    return condition.type() == "Ready" && condition.status() == "True";
  });
}

std::optional<int32_t> FindNamedPort(const Container& container, const std::string& name, feed::v1::Protocol protocol) {
  for (const ContainerPort& port : container.ports()) {
    if (port.name() == name && ToProtocol(port.protocol()) == protocol) return port.container_port();
  }
  return std::nullopt;
}

// FindPort: a number is taken as it is, a name is looked up in the containers, sidecars last. An absent target port is
// the service's own (the API server's default).
std::optional<int32_t> FindPort(const ServicePort& port, const Pod& pod) {
  const auto& target = port.target_port();
  if (target.type() == 0) return target.int_val() == 0 ? port.port() : target.int_val();
  if (target.str_val().empty()) return port.port();
  const feed::v1::Protocol protocol = ToProtocol(port.protocol());
  for (const Container& container : pod.spec().containers()) {
    if (const auto number = FindNamedPort(container, target.str_val(), protocol)) return number;
  }
  for (const Container& container : pod.spec().init_containers()) {
    if (container.restart_policy() != "Always") continue;
    if (const auto number = FindNamedPort(container, target.str_val(), protocol)) return number;
  }
  return std::nullopt;
}

// std::nullopt for a pod without an address of the service's families.
std::optional<PodIdentity> FromPod(const Pod& pod, const Service& service, Families families) {
  PodIdentity identity;
  for (const base::IpAddress& address : AddressesOf(pod)) {
    if (families.Has(address)) AddAddress(ToOctets(address), &identity);
  }
  if (identity.addresses().empty()) return std::nullopt;

  identity.set_name(pod.metadata().name());
  identity.set_is_pod(true);
  identity.set_uid(pod.metadata().uid());
  // ShouldSetHostname.
  if (pod.spec().subdomain() == service.metadata().name()) identity.set_hostname(pod.spec().hostname());
  identity.set_node(pod.spec().node_name());
  const auto zone = pod.metadata().labels().find(kZoneLabel);
  if (zone != pod.metadata().labels().end()) identity.set_zone(zone->second);
  AddSetFacts(pod, &identity);

  identity.set_serving(IsReady(pod));
  identity.set_terminating(pod.metadata().has_deletion_timestamp());
  identity.set_ready(PublishesNotReady(service) || (identity.serving() && !identity.terminating()));
  for (const ServicePort& port : service.spec().ports()) {
    const std::optional<int32_t> number = FindPort(port, pod);
    if (!number) continue;  // the pod goes without this port
    feed::v1::Port out;
    out.set_name(port.name());
    out.set_protocol(ToProtocol(port.protocol()));
    out.set_number(static_cast<uint32_t>(*number));
    AddPort(out, &identity);
  }
  return identity;
}

IdentitiesByName FromPods(const Service& service, absl::Span<const Pod* const> pods) {
  const Families families = FamiliesOf(service);
  IdentitiesByName identities;
  for (const Pod* pod : pods) {
    if (!HasEndpoint(*pod)) continue;
    if (auto identity = FromPod(*pod, service, families)) Add(*std::move(identity), {}, &identities);
  }
  return identities;
}

}  // namespace

std::string_view ServiceNameOf(const EndpointSlice& slice) { return LabelOf(slice, kServiceNameLabel); }

std::string_view ImportNameOf(const EndpointSlice& slice) {
  return LabelOf(slice, kSourceClusterLabel).empty() ? std::string_view() : LabelOf(slice, kImportNameLabel);
}

bool HasEnded(const Pod& pod) { return pod.status().phase() == "Succeeded" || pod.status().phase() == "Failed"; }

bool HasEndpoint(const Pod& pod) { return !HasEnded(pod) && !AddressesOf(pod).empty(); }

std::vector<PodIdentity> IdentitiesOf(const Service& service, absl::Span<const EndpointSlice* const> slices,
                                      absl::Span<const Pod* const> pods) {
  std::vector<PodIdentity> result;
  if (KindOf(service) == feed::v1::Service::EXTERNAL_NAME || !HasName(service)) return result;
  IdentitiesByName identities = slices.empty() ? FromPods(service, pods) : FromSlices(slices, pods);
  result.reserve(identities.size());
  for (auto& [name, identity] : identities) {
    identity.set_namespace_(service.metadata().namespace_());
    identity.set_service(service.metadata().name());
    result.push_back(std::move(identity));
  }
  return result;
}

std::vector<PodIdentity> ImportedIdentities(const k8s::multicluster::v1alpha1::ServiceImport& import,
                                            absl::Span<const EndpointSlice* const> slices) {
  absl::btree_map<std::string_view, std::vector<const EndpointSlice*>> slices_of;  // by cluster
  for (const EndpointSlice* slice : slices) slices_of[LabelOf(*slice, kSourceClusterLabel)].push_back(slice);
  IdentitiesByName identities;
  for (const auto& [cluster, cluster_slices] : slices_of) {
    for (auto& [name, identity] : FromSlices(cluster_slices, {})) {
      identity.set_namespace_(import.metadata().namespace_());
      identity.set_service(import.metadata().name());
      identity.set_name(absl::StrCat(name, ".", std::string(cluster)));
      identity.set_cluster(std::string(cluster));
      identities.emplace(identity.name(), std::move(identity));
    }
  }
  std::vector<PodIdentity> result;
  result.reserve(identities.size());
  for (auto& [name, identity] : identities) result.push_back(std::move(identity));
  return result;
}

}  // namespace podnamed::controller
