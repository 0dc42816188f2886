#include "server/resolve/cluster_name.h"

namespace podnamed::resolve {
namespace {

using Kind = ClusterName::Kind;
using dns::IsLabel;

// "_tcp" and its like (RFC 2782).
std::optional<state::Protocol> ParseProtocol(std::string_view label) {
  if (IsLabel(label, "_tcp")) return state::Protocol::kTcp;
  if (IsLabel(label, "_udp")) return state::Protocol::kUdp;
  if (IsLabel(label, "_sctp")) return state::Protocol::kSctp;
  return std::nullopt;
}

// Labels counted from the zone upwards: 0 is the one right in front of it.
class LabelsUpwards {
 public:
  LabelsUpwards(const dns::QueryName& name, size_t above) : name_(name), above_(above) {}
  size_t size() const { return above_; }
  std::string_view operator[](size_t i) const { return name_.label(above_ - 1 - i); }
  // All from label i on, in wire form.
  std::string_view From(size_t i) const { return name_.folded().substr(0, name_.label_start(above_ - i)); }

 private:
  const dns::QueryName& name_;
  const size_t above_;
};

// What stands in front of X.N.svc: an endpoint, a port, a zone. Label `at` is the one in front of X.
void ParseBelowService(const LabelsUpwards& labels, size_t at, bool clusterset, ClusterName& parsed) {
  const std::string_view first = labels[at];
  const size_t count = labels.size() - at;
  if (const std::optional<state::Protocol> protocol = ParseProtocol(first)) {
    parsed.protocol = *protocol;
    if (count == 1) {
      parsed.kind = Kind::kProtocol;
    } else if (count == 2 && labels[at + 1].size() > 1 && labels[at + 1][0] == '_') {
      parsed.kind = Kind::kPort;
      parsed.port = labels[at + 1].substr(1);
    }
    return;
  }
  if (IsLabel(first, "_zone")) {
    const bool is_way = count == 1 || IsLabel(labels[at + 1], "pin") || IsLabel(labels[at + 1], "prefer");
    if (!is_way) return;
    parsed.kind = count <= 2 ? Kind::kZones : Kind::kZone;
    parsed.prefers_zone = count > 1 && IsLabel(labels[at + 1], "prefer");
    if (count > 2) parsed.zone_labels = labels.From(at + 2);
    return;
  }
  if (clusterset) {
    parsed.cluster = first;
    if (count == 1) parsed.kind = Kind::kCluster;
    if (count != 2) return;
    parsed.kind = Kind::kEndpoint;
    parsed.endpoint = labels[at + 1];
  } else if (count == 1) {
    parsed.kind = Kind::kEndpoint;
    parsed.endpoint = first;
  }
}

}  // namespace

ClusterName ParseClusterName(const dns::QueryName& name, size_t above, bool clusterset) {
  ClusterName parsed;
  const LabelsUpwards labels(name, above);
  if (above == 0) {
    parsed.kind = Kind::kApex;
    return parsed;
  }
  const std::string_view branch = labels[0];
  const bool is_branch = IsLabel(branch, "svc") || IsLabel(branch, "pod") || IsLabel(branch, "dns");
  if (above == 1) {
    if (is_branch) parsed.kind = Kind::kBranch;
    if (IsLabel(branch, "dns-version")) parsed.kind = Kind::kVersion;
    return parsed;
  }
  if (IsLabel(branch, "dns")) {
    if (above == 2 && IsLabel(labels[1], "ns")) parsed.kind = Kind::kNameServer;
    return parsed;
  }
  if (!is_branch) return parsed;
  parsed.namespace_name = labels[1];
  if (IsLabel(branch, "pod")) {
    if (above == 2) parsed.kind = Kind::kPodNamespace;
    if (above != 3) return parsed;
    parsed.kind = Kind::kPod;
    parsed.endpoint = labels[2];
    return parsed;
  }
  if (above == 2) {
    parsed.kind = Kind::kNamespace;
    return parsed;
  }
  parsed.service = labels[2];
  if (above == 3) {
    parsed.kind = Kind::kService;
  } else {
    ParseBelowService(labels, 3, clusterset, parsed);
  }
  return parsed;
}

ClusterName ParseExternalName(const dns::QueryName& name, size_t above, std::string_view apex) {
  ClusterName parsed;
  const LabelsUpwards labels(name, above);
  if (above == 0) {
    parsed.kind = Kind::kApex;
    return parsed;
  }
  if (labels[0] == apex) {
    if (above == 1) parsed.kind = Kind::kBranch;
    if (above == 2 && IsLabel(labels[1], "ns1")) parsed.kind = Kind::kNameServer;
    return parsed;
  }
  parsed.namespace_name = labels[0];
  if (above == 1) {
    parsed.kind = Kind::kNamespace;
    return parsed;
  }
  parsed.service = labels[1];
  if (above == 2) {
    parsed.kind = Kind::kService;
  } else {
    ParseBelowService(labels, 2, /*clusterset=*/false, parsed);
  }
  return parsed;
}

}  // namespace podnamed::resolve
