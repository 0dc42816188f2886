#include "fuzz/fuzzed_cluster.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "server/base/ip_address.h"

namespace podnamed::fuzz {
namespace {

using state::Protocol;

constexpr std::string_view kLabels[] = {
    "default",   "nginx",
    "web-0",     "web-1",
    "web",       "a",
    "b",         "svc",
    "pod",       "ns",
    "dns",       "tcp",
    "cluster",   "local",
    "10-0-0-1",  "10-0-0-2",
    "fd00--1",   "fd00--2",
    "http",      "in",
    "0-0-0-0--", "endpoints",
    "x-",        "0",
    "any-all",   "longest-label-of-sixty-three-octets-that-a-name-may-ever-have-0",
};
constexpr size_t kMaxOps = 48;
constexpr size_t kCrowdStep = 8;

enum class Kind : uint8_t { kEnd, kNamespace, kService, kIdentity, kPod, kDeletion, kCrowd, kCount };

std::string Wire(std::string_view label) { return static_cast<char>(label.size()) + std::string(label); }

// In lower case, without hyphens at its ends: what the feed takes for the label of an entity.
std::string TakeEntityLabel(Octets& octets) {
  std::string_view label = TakeLabel(octets);
  while (label.ends_with('-')) label.remove_suffix(1);
  return std::string(label);
}

base::IpAddress TakeAddress(Octets& octets) {
  const uint8_t octet = octets.Take();
  const uint8_t last = static_cast<uint8_t>(octet % 8 + 1);
  if (octet < 128) return base::IpAddress(base::Ipv4Address{10, 0, 0, last});
  base::Ipv6Address address{0xFD};
  address.back() = last;
  return base::IpAddress(address);
}

std::vector<base::IpAddress> TakeAddresses(Octets& octets, size_t count) {
  std::vector<base::IpAddress> addresses;
  while (addresses.size() < count) {
    const base::IpAddress address = TakeAddress(octets);
    if (std::find(addresses.begin(), addresses.end(), address) != addresses.end()) break;
    addresses.push_back(address);
  }
  return addresses;
}

std::vector<state::Port> TakePorts(Octets& octets, size_t count) {
  static constexpr std::string_view kNames[] = {"", "http", "a", "dns"};
  static constexpr Protocol kProtocols[] = {Protocol::kTcp, Protocol::kUdp, Protocol::kSctp, Protocol::kTcp};
  std::vector<state::Port> ports;
  while (ports.size() < count) {
    const uint8_t octet = octets.Take();
    state::Port port;
    port.name = kNames[octet & 3];
    port.protocol = kProtocols[octet >> 2 & 3];
    port.number = static_cast<uint16_t>(octet >> 4);
    ports.push_back(port);
  }
  return ports;
}

state::Namespace TakeNamespace(Octets& octets) {
  state::Namespace entity;
  entity.name = TakeEntityLabel(octets);
  return entity;
}

state::Service TakeService(Octets& octets) {
  state::Service service;
  service.namespace_name = TakeEntityLabel(octets);
  service.name = TakeEntityLabel(octets);
  const uint8_t shape = octets.Take();
  service.publish_not_ready = (shape & 4) != 0;
  service.clusterset = (shape & 64) != 0;
  service.ports = TakePorts(octets, shape >> 3 & 3);
  switch (shape & 3) {
    case 0:
    case 1:
      service.kind = state::ServiceKind::kHeadless;
      break;
    case 2:
      service.kind = state::ServiceKind::kClusterIp;
      service.addresses = TakeAddresses(octets, 1 + (shape >> 5 & 1));
      break;
    case 3:
      service.kind = state::ServiceKind::kExternalName;
      service.external_name = Wire(TakeEntityLabel(octets));
      service.external_name += Wire(TakeEntityLabel(octets));
      if ((shape & 128) != 0) service.external_name += Wire("svc") + Wire("cluster") + Wire("local");
      service.external_name += '\0';
      break;
  }
  if ((shape & 128) != 0 && service.kind != state::ServiceKind::kExternalName && !service.clusterset) {
    if ((shape & 32) != 0) {
      service.external_addresses = TakeAddresses(octets, 1 + octets.TakeBelow(2));
    } else {
      service.external_hostnames.push_back(Wire(TakeEntityLabel(octets)) + Wire("example") + '\0');
    }
  }
  return service;
}

state::PodIdentity TakeIdentity(Octets& octets) {
  state::PodIdentity identity;
  identity.namespace_name = TakeEntityLabel(octets);
  identity.service = TakeEntityLabel(octets);
  identity.name = TakeEntityLabel(octets);
  const uint8_t shape = octets.Take();
  if ((shape & 1) != 0) identity.hostname = (shape & 2) != 0 ? TakeEntityLabel(octets) : identity.name;
  identity.is_pod = (shape & 4) != 0;
  identity.ready = (shape & 8) == 0;
  identity.serving = identity.ready || (shape & 16) != 0;
  identity.terminating = !identity.ready && (shape & 32) != 0;
  identity.ports = TakePorts(octets, shape >> 6);
  const uint8_t place = octets.Take();
  identity.clusterset = (place & 4) != 0;
  if (identity.clusterset && (place & 8) != 0) identity.cluster = "cluster";
  if ((place & 16) != 0) identity.zone = (place & 32) != 0 ? "a" : "b";
  identity.addresses = TakeAddresses(octets, place & 3);
  return identity;
}

state::Pod TakePod(Octets& octets) {
  state::Pod pod;
  pod.namespace_name = TakeEntityLabel(octets);
  pod.name = TakeEntityLabel(octets);
  pod.addresses = TakeAddresses(octets, 1 + octets.TakeBelow(2));
  return pod;
}

state::Deletion TakeDeletion(Octets& octets) {
  state::Deletion deletion;
  deletion.key.kind = state::EntityKind{static_cast<uint8_t>(octets.TakeBelow(6))};
  if (deletion.key.kind != state::EntityKind::kNamespace) deletion.key.namespace_name = TakeEntityLabel(octets);
  const bool is_identity =
      deletion.key.kind == state::EntityKind::kPodIdentity || deletion.key.kind == state::EntityKind::kImportedIdentity;
  if (is_identity) deletion.key.service = TakeEntityLabel(octets);
  deletion.key.name = TakeEntityLabel(octets);
  return deletion;
}

// As many endpoints as make a set too large for a datagram, or for TCP. The last op: one crowd is slow enough.
void TakeCrowd(Octets& octets, std::vector<state::Op>& ops) {
  const state::PodIdentity model = TakeIdentity(octets);
  const size_t count = kCrowdStep * octets.Take();
  for (size_t i = 0; i < count; ++i) {
    state::PodIdentity identity = model;
    identity.name = "crowd-" + std::to_string(i);
    if (!model.hostname.empty()) identity.hostname = identity.name;
    for (base::IpAddress& address : identity.addresses) {
      const auto high = static_cast<uint8_t>(i >> 8);
      const auto low = static_cast<uint8_t>(i);
      if (address.is_v4()) {
        address = base::IpAddress(base::Ipv4Address{10, static_cast<uint8_t>(address.v4()[3] + 1), high, low});
      } else {
        base::Ipv6Address numbered = address.v6();
        numbered[1] = high;
        numbered[2] = static_cast<uint8_t>(low | 1);  // some twice
        address = base::IpAddress(numbered);
      }
    }
    ops.emplace_back(std::move(identity));
  }
}

// ---- names

std::string DashedWire(const base::IpAddress& address) {
  std::string text = address.ToString();
  std::replace(text.begin(), text.end(), '.', '-');
  std::replace(text.begin(), text.end(), ':', '-');
  return Wire(text);
}

std::string ReverseWire(const base::IpAddress& address) {
  std::string wire;
  if (address.is_v4()) {
    const base::Ipv4Address octets = address.v4();
    for (size_t i = octets.size(); i-- > 0;) wire += Wire(std::to_string(octets[i]));
    return wire + Wire("in-addr") + Wire("arpa") + '\0';
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  const base::Ipv6Address octets = address.v6();
  for (size_t i = octets.size(); i-- > 0;) {
    wire += Wire(kDigits.substr(octets[i] & 15, 1)) + Wire(kDigits.substr(octets[i] >> 4, 1));
  }
  return wire + Wire("ip6") + Wire("arpa") + '\0';
}

std::string_view ProtocolLabel(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp:
      return "_tcp";
    case Protocol::kUdp:
      return "_udp";
    case Protocol::kSctp:
      return "_sctp";
  }
  return "_tcp";
}

// The names of one entity in one forward zone.
class NamesOf {
 public:
  NamesOf(const dns::Name& zone, const resolve::ResolverOptions& options, std::vector<dns::Name>& names)
      : zone_(zone.wire()), options_(options), names_(names) {}

  void operator()(const state::Namespace& entity) { Add(Wire(entity.name) + Branch()); }
  void operator()(const state::Service& entity) {
    const std::string service = ServiceWire(entity.namespace_name, entity.name);
    Add(service);
    AddPorts(entity.ports, service);
    AddReverse(entity.addresses);
    AddReverse(entity.external_addresses);
    if (!options_.zonal) return;
    for (const std::string_view zone : {"a", "b"}) {
      Add(Wire(zone) + Wire("pin") + Wire("_zone") + service);
      Add(Wire(zone) + Wire("prefer") + Wire("_zone") + service);
    }
  }
  void operator()(const state::PodIdentity& entity) {
    const std::string service = ServiceWire(entity.namespace_name, entity.service);
    if (!entity.hostname.empty()) Add(Wire(entity.hostname) + service);
    if (!entity.cluster.empty())
      Add(Wire(entity.hostname.empty() ? entity.name : entity.hostname) + Wire(entity.cluster) + service);
    if (options_.endpoint_pod_names) Add(Wire(entity.name) + service);
    for (const base::IpAddress& address : entity.addresses) {
      Add(DashedWire(address) + service);
      Add(DashedWire(address) + Wire(entity.namespace_name) + Wire("pod"));
    }
    AddPorts(entity.ports, service);
    AddReverse(entity.addresses);
  }
  void operator()(const state::Pod& entity) {
    for (const base::IpAddress& address : entity.addresses) {
      Add(DashedWire(address) + Wire(entity.namespace_name) + Wire("pod"));
    }
    AddReverse(entity.addresses);
  }
  void operator()(const state::Deletion&) {}

  void AddZone() {
    Add("");
    Add(Wire("dns"));
    Add(Wire("ns1") + Wire("dns"));
    Add(Wire("svc"));
    Add(Wire("pod"));
    Add(Wire("ns") + Wire("dns"));
    Add(Wire("dns-version"));
  }

 private:
  std::string Branch() const { return options_.external ? "" : Wire("svc"); }
  std::string ServiceWire(std::string_view namespace_name, std::string_view service) const {
    return Wire(service) + Wire(namespace_name) + Branch();
  }
  void AddPorts(const std::vector<state::Port>& ports, const std::string& service) {
    for (const state::Port& port : ports) {
      const std::string protocol = Wire(ProtocolLabel(port.protocol)) + service;
      Add(port.name.empty() ? protocol : Wire("_" + port.name) + protocol);
    }
  }
  void AddReverse(const std::vector<base::IpAddress>& addresses) {
    for (const base::IpAddress& address : addresses) names_.push_back(dns::Name::FromWire(ReverseWire(address)));
  }
  void Add(const std::string& labels) {
    if (labels.size() + zone_.size() > dns::kMaxNameLength) return;
    names_.push_back(dns::Name::FromWire(labels + zone_));
  }

  const std::string zone_;
  const resolve::ResolverOptions& options_;
  std::vector<dns::Name>& names_;
};

dns::Name Zone(std::string_view text) { return dns::Name::FromText(text).value(); }

void TakeOptions(Octets& octets, Cluster& cluster) {
  const uint8_t choice = octets.Take();
  cluster.is_synced = choice != 0xFF;
  cluster.options.zones = {Zone("cluster.local")};
  if ((choice & 1) != 0) cluster.options.zones.push_back(Zone("clusterset.local"));
  if ((choice & 2) != 0) cluster.options.zones.push_back(Zone("in-addr.arpa"));
  if ((choice & 4) != 0) cluster.options.zones.push_back(Zone("0.10.in-addr.arpa"));
  if ((choice & 8) != 0) cluster.options.zones.push_back(Zone("ip6.arpa"));
  if ((choice & 16) != 0) cluster.options.zones.push_back(Zone("0.0.d.f.ip6.arpa"));
  if ((choice & 32) != 0) cluster.options.server_ipv4 = {{10, 0, 0, 10}, {192, 168, 0, 1}};
  if ((choice & 64) != 0) cluster.options.server_ipv6 = {{0xFE, 0x80}};
  if ((choice & 128) != 0) cluster.options.ttl = 3600;

  static constexpr resolve::PodRecords kPods[] = {resolve::PodRecords::kDisabled, resolve::PodRecords::kInsecure,
                                                  resolve::PodRecords::kVerified, resolve::PodRecords::kDisabled};
  const uint8_t more = octets.Take();
  cluster.options.pods = kPods[more & 3];
  cluster.options.endpoints = (more & 4) == 0;
  cluster.options.endpoint_pod_names = (more & 8) != 0;
  cluster.options.ignore_empty_services = (more & 16) != 0;
  cluster.options.zonal = (more & 32) != 0;
  cluster.options.short_names = (more & 64) != 0;

  const uint8_t rest = octets.Take();
  cluster.options.reasons = (rest & 1) == 0;
  if ((rest & 2) != 0) cluster.options.clusterset_zones = {Zone("clusterset.local")};
  if ((rest & 4) != 0) cluster.options.namespaces = {"default"};
  if ((more & 128) != 0) {
    cluster.options.fallthrough = {(rest & 8) != 0 ? Zone("nginx.default.svc.cluster.local") : dns::Name()};
  }
  if ((rest & 16) != 0) {
    cluster.options.external.emplace().headless = (rest & 32) != 0;
    cluster.options.clusterset_zones.clear();
    cluster.options.short_names = false;
  }
}

}  // namespace

uint8_t Octets::Take() {
  if (rest_.empty()) return 0;
  const auto octet = static_cast<uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return octet;
}

std::string_view Octets::Take(size_t count) {
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(taken.size());
  return taken;
}

std::string_view TakeLabel(Octets& octets) { return kLabels[octets.TakeBelow(std::size(kLabels))]; }

Cluster TakeCluster(Octets& octets) {
  Cluster cluster;
  TakeOptions(octets, cluster);
  for (size_t i = 0; i < kMaxOps; ++i) {
    const Kind kind{static_cast<uint8_t>(octets.TakeBelow(static_cast<size_t>(Kind::kCount)))};
    if (kind == Kind::kEnd) break;
    if (kind == Kind::kNamespace) cluster.ops.emplace_back(TakeNamespace(octets));
    if (kind == Kind::kService) cluster.ops.emplace_back(TakeService(octets));
    if (kind == Kind::kIdentity) cluster.ops.emplace_back(TakeIdentity(octets));
    if (kind == Kind::kPod) cluster.ops.emplace_back(TakePod(octets));
    if (kind == Kind::kDeletion) cluster.ops.emplace_back(TakeDeletion(octets));
    if (kind == Kind::kCrowd) {
      TakeCrowd(octets, cluster.ops);
      break;
    }
  }
  for (const dns::Name& zone : cluster.options.zones) {
    if (zone.ToText().ends_with(".arpa.")) {
      cluster.names.push_back(zone);
      continue;
    }
    NamesOf names(zone, cluster.options, cluster.names);
    names.AddZone();
    const size_t individuals = std::min(cluster.ops.size(), kMaxOps);
    for (size_t i = 0; i < individuals; ++i) std::visit(names, cluster.ops[i]);
  }
  return cluster;
}

}  // namespace podnamed::fuzz
