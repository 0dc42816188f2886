// The grammar of names in a cluster zone Z (Kubernetes DNS specification 1.1.0, and what CoreDNS adds to it), and in a
// zone E for who asks from outside. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/dns/name.h"
#include "server/state/entities.h"

namespace podnamed::resolve {

// The branch that services are below, as a label in wire form.
inline constexpr std::string_view kServiceBranch = "\3svc";

struct ClusterName {
  enum class Kind : uint8_t {
    kApex,          // Z, E
    kBranch,        // svc.Z, pod.Z, dns.Z, dns.E: there for what is below them
    kNameServer,    // ns.dns.Z, ns1.dns.E
    kVersion,       // dns-version.Z
    kNamespace,     // N.svc.Z, N.E
    kService,       // X.N.svc.Z, X.N.E; so, too, those below it, but for pods:
    kEndpoint,      // HOST.X.N.svc.Z; in a clusterset HOST.CLUSTER.X.N.svc.Z
    kCluster,       // CLUSTER.X.N.svc.Z, in a clusterset
    kProtocol,      // _tcp.X.N.svc.Z
    kPort,          // _port._tcp.X.N.svc.Z
    kZones,         // _zone.X.N.svc.Z and pin._zone.X.N.svc.Z
    kZone,          // TZ.pin._zone.X.N.svc.Z
    kPodNamespace,  // N.pod.Z
    kPod,           // 10-0-0-7.N.pod.Z
    kNothing,       // a shape that no name of the zone has
  };
  Kind kind = Kind::kNothing;
  // Labels, in lower case, as far as the kind has them; they point into the query's name.
  std::string_view namespace_name;
  std::string_view service;
  std::string_view endpoint;     // kEndpoint, kPod
  std::string_view cluster;      // of a clusterset: kEndpoint, kCluster
  std::string_view port;         // kPort, without the underscore
  state::Protocol protocol{};    // kProtocol, kPort
  std::string_view zone_labels;  // kZone: TZ in wire form, without a root; it may have several labels
  bool prefers_zone = false;     // kZone: TZ.prefer, which is not strict
};

// Reads the `above` labels that stand in front of the zone. REQUIRES: above <= name.label_count().
ClusterName ParseClusterName(const dns::QueryName& name, size_t above, bool clusterset);

// The same in a zone E, whose name server is below the label `apex` (folded text).
ClusterName ParseExternalName(const dns::QueryName& name, size_t above, std::string_view apex);

}  // namespace podnamed::resolve
