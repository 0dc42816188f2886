#include "server/resolve/forward_answer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "server/resolve/reverse_name.h"

namespace podnamed::resolve {
namespace {

using dns::NamePieces;
using dns::RecordType;
using state::ServiceKind;

constexpr std::string_view kVersionText = "1.1.0";  // of the Kubernetes DNS specification
constexpr uint32_t kVersionTtl = 28800;

// An ExternalName that is an address is no name that could be resolved (CoreDNS: NXDOMAIN). In wire form, IPv4 has four
// labels of digits, IPv6 a colon in its first label.
bool IsAddress(std::string_view wire) {
  size_t labels = 0;
  for (size_t at = 0; wire[at] != '\0'; at += static_cast<uint8_t>(wire[at]) + size_t{1}, ++labels) {
    const std::string_view label = wire.substr(at + 1, static_cast<uint8_t>(wire[at]));
    if (labels == 0 && label.find(':') != std::string_view::npos) return true;
    if (labels == 4 || label.size() > 3 || !absl::c_all_of(label, absl::ascii_isdigit)) return false;
  }
  return labels == 4;
}

// Whether a zone's name, as labels of a query, is that of the endpoint: dots in it part labels, letters of either case
// are alike.
bool IsZone(std::string_view labels, std::string_view zone) {
  if (labels.size() != zone.size() + 1) return false;
  size_t next_length = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (i == next_length) {
      if (i > 0 && zone[i - 1] != '.') return false;
      next_length = i + static_cast<uint8_t>(labels[i]) + 1;
    } else if (labels[i] != absl::ascii_tolower(static_cast<unsigned char>(zone[i - 1]))) {
      return false;
    }
  }
  return true;
}

}  // namespace

Outcome ForwardAnswer::AtName() {
  switch (parsed_.kind) {
    case ClusterName::Kind::kApex:
      return AtApex(zone_);
    case ClusterName::Kind::kBranch:
      return Outcome::kNoData;
    case ClusterName::Kind::kNameServer:
      return AtServer();
    case ClusterName::Kind::kVersion:
      return AtVersion();
    case ClusterName::Kind::kNamespace:
      return view_.HasNamespace(parsed_.namespace_name) ? Outcome::kNoData : Outcome::kNxDomain;
    case ClusterName::Kind::kPodNamespace:
    case ClusterName::Kind::kPod:
      return AtPod();
    case ClusterName::Kind::kService:
    case ClusterName::Kind::kEndpoint:
    case ClusterName::Kind::kCluster:
    case ClusterName::Kind::kProtocol:
    case ClusterName::Kind::kPort:
    case ClusterName::Kind::kZones:
    case ClusterName::Kind::kZone:
      return BelowNamespace();
    case ClusterName::Kind::kNothing:
      break;
  }
  return Outcome::kNxDomain;
}

Outcome ForwardAnswer::AtVersion() {
  if (type() != RecordType::kTxt) return Outcome::kNoData;
  answer_.answer.push_back({question_.owner, RecordType::kTxt, kVersionTtl, dns::TxtData{kVersionText}});
  return Outcome::kAnswer;
}

Outcome ForwardAnswer::AtPod() {
  const PodRecords mode = view_.options().pods;
  if (mode == PodRecords::kDisabled || clusterset_ || !view_.HasNamespace(parsed_.namespace_name)) {
    return Outcome::kNxDomain;
  }
  if (parsed_.kind == ClusterName::Kind::kPodNamespace) return Outcome::kNoData;
  const std::optional<base::IpAddress> address = ParseDashedAddress(parsed_.endpoint);
  if (!address.has_value() || (mode == PodRecords::kVerified && !HasPod(*address))) return Outcome::kNxDomain;
  if (address->is_v4()) {
    answer_.ipv4.push_back(address->v4());
  } else {
    answer_.ipv6.push_back(address->v6());
  }
  return WithAddresses(answer_.ipv4, answer_.ipv6);
}

// CoreDNS knows a pod's first address only; any of them is as true.
bool ForwardAnswer::HasPod(const base::IpAddress& address) const {
  bool found = false;
  view_.snapshot().ForEachPodWithAddress(address, [&](std::string_view namespace_name, std::string_view) {
    found |= namespace_name == parsed_.namespace_name;
  });
  return found;
}

Outcome ForwardAnswer::BelowNamespace() {
  const ServiceBlock* service = view_.FindService(parsed_.namespace_name, parsed_.service, clusterset_);
  if (service == nullptr) return Outcome::kNxDomain;
  if (parsed_.kind == ClusterName::Kind::kService) return AtService(*service);
  if (service->kind() == ServiceKind::kExternalName) return Outcome::kNxDomain;
  switch (parsed_.kind) {
    case ClusterName::Kind::kEndpoint:
      return AtEndpoint(*service);
    case ClusterName::Kind::kCluster:
      return AtCluster(*service);
    case ClusterName::Kind::kZones:
    case ClusterName::Kind::kZone:
      return AtZone(*service);
    default:
      // Headless services are their endpoints, the others themselves.
      return AtPort(*service, service->kind() == ServiceKind::kHeadless ? Target::kEndpoints : Target::kService);
  }
}

Outcome ForwardAnswer::AtService(const ServiceBlock& service) {
  switch (service.kind()) {
    case ServiceKind::kExternalName:
      return AtExternalName(service);
    case ServiceKind::kClusterIp:
      if (type() == RecordType::kSrv) return Srv(service, {}, Target::kService);
      return WithAddresses(service.cluster_ipv4(), service.cluster_ipv6());
    case ServiceKind::kHeadless:
      return AtHeadless(service);
  }
  return Outcome::kNxDomain;
}

// A CNAME, and what it leads to where that is ours. A chain that leads to nothing of ours, or around, is NODATA without
// its CNAMEs (CoreDNS); one that leads out of our zones is left to whoever asks.
Outcome ForwardAnswer::AtExternalName(const ServiceBlock& service) {
  const std::string_view target = service.external_name();
  if (IsAddress(target)) return Outcome::kNxDomain;
  if (type() != RecordType::kA && type() != RecordType::kAaaa && type() != RecordType::kCname) return Outcome::kNoData;
  const size_t set = answer_.answer.size();
  answer_.names.reserve(Answer::kMaxChain + 1);  // they must not move under the sets that point to them
  answer_.names.emplace_back(target);
  Add(absl::MakeConstSpan(&answer_.names.back(), 1), question_.owner, RecordType::kCname);
  if (type() == RecordType::kCname) return Outcome::kAnswer;

  dns::QueryName* const next = answer_.NextInChain(target);
  for (const ForwardZone& zone : zones_) {
    const std::optional<size_t> above = next == nullptr ? std::nullopt : next->LabelsAbove(zone.name.wire());
    if (!above.has_value()) continue;
    const ClusterName parsed = ParseClusterName(*next, *above, zone.clusterset);
    const ZoneQuestion question{*next, *above, type(), NamePieces(target), question_.reply_limit};
    ForwardAnswer rest(question, parsed, zone.clusterset, zones_, view_, random_, answer_);
    if (rest.AtName() == Outcome::kAnswer) return Outcome::kAnswer;
    answer_.answer.resize(set);
    return Outcome::kNoData;
  }
  if (next != nullptr) return Outcome::kAnswer;
  answer_.answer.resize(set);
  return Outcome::kNoData;
}

// Endpoints of that cluster are below it.
Outcome ForwardAnswer::AtCluster(const ServiceBlock& service) const {
  for (size_t i = 0; i < service.identity_count(); ++i) {
    const Identity identity = service.identity(i);
    if (view_.Shows(identity) && identity.cluster() == parsed_.cluster) return Outcome::kNoData;
  }
  return Outcome::kNxDomain;
}

// The endpoints of one availability zone, of a headless service of the cluster itself (CoreDNS 1.14.7).
Outcome ForwardAnswer::AtZone(const ServiceBlock& service) {
  const bool exists = view_.options().zonal && !clusterset_ && service.kind() == ServiceKind::kHeadless &&
                      !(service.published_ipv4().empty() && service.published_ipv6().empty());
  if (!exists) return Outcome::kNxDomain;
  if (parsed_.kind == ClusterName::Kind::kZones) return Outcome::kNoData;
  const auto in_zone = [&](Identity identity) {
    return view_.Shows(identity) && IsZone(parsed_.zone_labels, identity.zone());
  };
  bool has_any = false;
  for (size_t i = 0; i < service.identity_count() && !has_any; ++i) has_any = in_zone(service.identity(i));
  if (!has_any) return parsed_.prefers_zone ? AtService(service) : Outcome::kNoData;
  if (type() == RecordType::kSrv) {
    SrvRecords srv = MakeSrv(service, {});
    srv.AddEndpoints(in_zone);
    return Finish(std::move(srv));
  }
  for (size_t i = 0; i < service.identity_count(); ++i) {
    const Identity identity = service.identity(i);
    if (in_zone(identity)) Collect(identity.ipv4(), identity.ipv6());
  }
  RemoveDuplicates();
  return ShuffledAddresses();
}

}  // namespace podnamed::resolve
