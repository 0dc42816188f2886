// What the configuration asks of answers for a cluster: the properties of one `kubernetes` block. Values; immutable
// once a Resolver has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/ip_address.h"
#include "server/dns/name.h"
#include "server/state/label_selector.h"

namespace podnamed::resolve {

// Names such as 10-0-0-7.default.pod.Z.
enum class PodRecords : uint8_t {
  kDisabled,
  kInsecure,  // the address that the name spells, whether a pod has it or not
  kVerified,  // only if a pod of that namespace has it
};

// Zones for who asks from outside of the cluster (k8s_external): X.N.Z is where service X is reached from there. The
// name server is ns1.dns.Z.
struct ExternalNames {
  std::string apex =
      "\3dns";            // the label in front of the zone, in wire form and folded, below which the name server is
  bool headless = false;  // endpoints have names, too: those of services that are not reached otherwise
};

struct ResolverOptions {
  // Folded; names of services below the forward ones, of addresses below the reverse ones.
  std::vector<dns::Name> zones;
  std::optional<ExternalNames> external = {};    // all of `zones` are for who asks from outside
  std::vector<dns::Name> clusterset_zones = {};  // those of `zones` in which ServiceImports are the services
  uint32_t ttl = 5;  // seconds; of every record but the version and the SOA of the cluster's zones
  PodRecords pods = PodRecords::kDisabled;
  std::vector<std::string> namespaces = {};      // the only ones that exist; empty: all
  state::LabelSelector namespace_selector = {};  // of those, only these exist
  state::LabelSelector service_selector = {};    // the only services that exist
  bool endpoints = true;                         // false (noendpoints): as if no service had any
  bool endpoint_pod_names = false;     // an endpoint without a hostname bears its pod's name, where it is a label
  bool ignore_empty_services = false;  // a ClusterIP service without a ready endpoint does not exist
  bool zonal = false;                  // TZ.pin._zone.X.N.svc.Z and TZ.prefer._zone.X.N.svc.Z exist
  bool short_names = false;            // names that a pod's search list would complete exist for that pod
  bool reasons = true;                 // negative answers say why (RFC 8914)
  // Names in these zones (folded) that do not exist are left to the next plugin. std::nullopt: none are.
  std::optional<std::vector<dns::Name>> fallthrough = {};
  // Where the name server itself is reached: the addresses of ns.dns.Z, and of ns1.dns.Z outside if no service is known
  // to lead to them.
  std::vector<base::Ipv4Address> server_ipv4;
  std::vector<base::Ipv6Address> server_ipv6;
};

}  // namespace podnamed::resolve
