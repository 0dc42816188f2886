#include "server/resolve/cluster_name.h"

namespace podnamed::resolve {
namespace {

using Kind = ClusterName::Kind;

// "_tcp" and its like (RFC 2782).
std::optional<state::Protocol> ParseProtocol(std::string_view label) {
  if (label == "_tcp") return state::Protocol::kTcp;
  if (label == "_udp") return state::Protocol::kUdp;
  if (label == "_sctp") return state::Protocol::kSctp;
  return std::nullopt;
}

}  // namespace

ClusterName ParseClusterName(const dns::QueryName& name, size_t above) {
  ClusterName parsed;
  // Label i counted from the zone upwards: 0 is the one right in front of it.
  const auto label = [&](size_t i) { return name.label(above - 1 - i); };

  // 1. The apex, and the branches of the tree.
  if (above == 0) {
    parsed.kind = Kind::kApex;
    return parsed;
  }
  if (above == 1) {
    if (label(0) == "svc" || label(0) == "pod" || label(0) == "dns") parsed.kind = Kind::kBranch;
    if (label(0) == "dns-version") parsed.kind = Kind::kVersion;
    return parsed;
  }
  // 2. The server itself.
  if (label(0) == "dns") {
    if (above == 2 && label(1) == "ns") parsed.kind = Kind::kNameServer;
    return parsed;
  }
  if (label(0) != "svc") return parsed;
  // 3. A namespace.
  parsed.namespace_name = label(1);
  if (above == 2) {
    parsed.kind = Kind::kNamespace;
    return parsed;
  }
  // 4. A service.
  parsed.service = label(2);
  if (above == 3) {
    parsed.kind = Kind::kService;
    return parsed;
  }
  // 5. What a service has: endpoints, and ports by protocol. Nothing is deeper.
  const std::optional<state::Protocol> protocol = ParseProtocol(label(3));
  if (above == 4) {
    parsed.kind = protocol.has_value() ? Kind::kProtocol : Kind::kEndpoint;
    parsed.endpoint = label(3);
  } else if (above == 5 && protocol.has_value() && label(4).size() > 1 && label(4)[0] == '_') {
    parsed.kind = Kind::kPort;
    parsed.port = label(4).substr(1);
  }
  parsed.protocol = protocol.value_or(state::Protocol::kTcp);
  return parsed;
}

}  // namespace podnamed::resolve
