#include "server/plugins/metadata.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "server/plugins/zones.h"
#include "server/resolve/cluster_name.h"

namespace podnamed::plugins {
namespace {

using Kind = resolve::ClusterName::Kind;

std::string_view TextOf(state::Protocol protocol) {
  switch (protocol) {
    case state::Protocol::kTcp:
      return "tcp";
    case state::Protocol::kUdp:
      return "udp";
    case state::Protocol::kSctp:
      return "sctp";
  }
  return "";
}

// What a name of the cluster is of: the label above the zone.
std::string_view BranchOf(const dns::QueryName& name, size_t above) {
  const std::string_view branch = above == 0 ? std::string_view() : name.label(above - 1);
  return branch == "svc" || branch == "pod" ? branch : std::string_view();
}

}  // namespace

Metadata::Label Metadata::LabelOf(std::string_view text) {
  constexpr std::pair<std::string_view, Label> kLabels[] = {
      {"kubernetes/endpoint", Label::kEndpoint},
      {"kubernetes/kind", Label::kKind},
      {"kubernetes/namespace", Label::kNamespace},
      {"kubernetes/port-name", Label::kPortName},
      {"kubernetes/protocol", Label::kProtocol},
      {"kubernetes/service", Label::kService},
      {"kubernetes/cluster", Label::kCluster},
      {"kubernetes/zone", Label::kZone},
      {"kubernetes/parse-error", Label::kParseError},
      {"kubernetes/client-namespace", Label::kClientNamespace},
      {"kubernetes/client-pod-name", Label::kClientPodName},
      {"forward/upstream", Label::kUpstream},
      {"view/name", Label::kView},
  };
  const auto* found = std::ranges::find(kLabels, text, &std::pair<std::string_view, Label>::first);
  return found == std::end(kLabels) ? Label::kUnknown : found->second;
}

Metadata::Metadata(const Sources& sources) : sources_(sources) {
  if (sources.holder != nullptr) reader_.emplace(*sources.holder);
}

bool Metadata::Append(Label label, const Exchange& exchange, std::string& text) {
  if (label == Label::kUnknown) return false;
  if (sources_.zones != nullptr && !IsInZones(exchange.asked.name, *sources_.zones)) return false;
  const size_t start = text.size();
  switch (label) {
    case Label::kClientNamespace:
    case Label::kClientPodName:
      AppendPod(label == Label::kClientNamespace, exchange.client, text);
      break;
    case Label::kUpstream:
      text += exchange.upstream;
      break;
    case Label::kView:
      if (exchange.entrance != nullptr) text += exchange.entrance->view;
      break;
    default:
      AppendPart(label, exchange.asked.name, text);
      break;
  }
  return text.size() > start;
}

void Metadata::AppendPart(Label label, const dns::QueryName& name, std::string& text) const {
  if (sources_.cluster_zones == nullptr) return;
  const dns::Name* zone = nullptr;
  for (const dns::Name& one : *sources_.cluster_zones) {
    const bool is_longer = zone == nullptr || one.wire().size() > zone->wire().size();
    if (is_longer && name.LabelsAbove(one.wire())) zone = &one;
  }
  if (zone == nullptr) return;
  const bool is_clusterset = sources_.clusterset_zones != nullptr &&
                             std::ranges::find(*sources_.clusterset_zones, *zone) != sources_.clusterset_zones->end();
  const size_t above = *name.LabelsAbove(zone->wire());
  const auto parsed = resolve::ParseClusterName(name, above, is_clusterset);
  switch (label) {
    case Label::kEndpoint:
      if (parsed.kind != Kind::kPod) text += parsed.endpoint;
      break;
    case Label::kKind:
      if (parsed.kind != Kind::kNothing) text += BranchOf(name, above);
      break;
    case Label::kNamespace:
      text += parsed.namespace_name;
      break;
    case Label::kPortName:
      text += parsed.port;
      break;
    case Label::kProtocol:
      if (parsed.kind == Kind::kPort || parsed.kind == Kind::kProtocol) text += TextOf(parsed.protocol);
      break;
    case Label::kService:
      text += parsed.kind == Kind::kPod ? parsed.endpoint : parsed.service;  // as CoreDNS has it
      break;
    case Label::kCluster:
      text += parsed.cluster;
      break;
    case Label::kZone:
      if (parsed.kind != Kind::kZone) break;
      dns::AppendNameText(parsed.zone_labels, text);
      text.pop_back();
      break;
    case Label::kParseError:
      if (parsed.kind == Kind::kNothing) text += "invalid query name";
      break;
    default:
      break;
  }
}

// Nothing where no pod has the address, or several: those on their node's network.
void Metadata::AppendPod(bool wants_namespace, const base::IpAddress& client, std::string& text) {
  const state::Snapshot* snapshot = reader_ ? reader_->Current() : nullptr;
  if (snapshot == nullptr) return;
  std::pair<std::string_view, std::string_view> found;
  bool is_one = true;
  snapshot->ForEachPodWithAddress(client, [&](std::string_view namespace_name, std::string_view name) {
    const std::pair pod(namespace_name, name);
    if (found.second.empty()) found = pod;
    is_one &= found == pod;
  });
  if (is_one) text += wants_namespace ? found.first : found.second;
}

}  // namespace podnamed::plugins
