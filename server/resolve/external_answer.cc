#include "server/resolve/external_answer.h"

#include <string_view>

#include "absl/types/span.h"

namespace podnamed::resolve {

using dns::RecordType;
using state::ServiceKind;
using Kind = ClusterName::Kind;

Outcome ExternalAnswer::AtName() {
  switch (parsed_.kind) {
    case Kind::kApex:
      return AtApex(zone_);
    case Kind::kBranch:
      return Outcome::kNoData;
    case Kind::kNameServer:
      return AtServer();
    case Kind::kNamespace:
      return view_.HasNamespace(parsed_.namespace_name) ? Outcome::kNoData : Outcome::kNxDomain;
    case Kind::kService:
    case Kind::kEndpoint:
    case Kind::kProtocol:
    case Kind::kPort:
      return BelowNamespace();
    default:
      return Outcome::kNxDomain;
  }
}

Outcome ExternalAnswer::BelowNamespace() {
  const ServiceBlock* service = view_.FindService(parsed_.namespace_name, parsed_.service, /*clusterset=*/false);
  if (service == nullptr) return Outcome::kNxDomain;
  if (service->has_external()) return AtExternal(*service);
  return view_.options().external->headless ? AtEndpoints(*service) : Outcome::kNxDomain;
}

// A label in front of such a service means nothing (CoreDNS): whatever it is, it is the service.
Outcome ExternalAnswer::AtExternal(const ServiceBlock& service) {
  if (parsed_.kind == Kind::kProtocol || parsed_.kind == Kind::kPort) return AtPort(service, Target::kExternal);
  if (type() == RecordType::kSrv) return Srv(service, {}, Target::kExternal);
  if (!service.external_ipv4().empty() || !service.external_ipv6().empty()) {
    return WithAddresses(service.external_ipv4(), service.external_ipv6());
  }
  if (type() != RecordType::kA && type() != RecordType::kAaaa && type() != RecordType::kCname) return Outcome::kNoData;
  // A name has one CNAME, and nothing beside it (RFC 1034 section 3.6.2).
  service.ForEachExternalHostname([this](std::string_view hostname) {
    if (answer_.names.empty()) answer_.names.emplace_back(hostname);
  });
  Add(absl::MakeConstSpan(answer_.names), question_.owner, RecordType::kCname);
  return Outcome::kAnswer;
}

// Endpoints of every service have their names; headless services are their endpoints.
Outcome ExternalAnswer::AtEndpoints(const ServiceBlock& service) {
  if (service.kind() == ServiceKind::kExternalName) return Outcome::kNxDomain;
  if (parsed_.kind == Kind::kEndpoint) return AtEndpoint(service);
  const bool is_headless = service.kind() == ServiceKind::kHeadless;
  if (parsed_.kind != Kind::kService) return is_headless ? AtPort(service, Target::kEndpoints) : Outcome::kNxDomain;
  if (is_headless) return AtHeadless(service);
  // It has names below (RFC 8020).
  const bool has_endpoints =
      view_.options().endpoints && !(service.published_ipv4().empty() && service.published_ipv6().empty());
  return has_endpoints ? Outcome::kNoData : Outcome::kNxDomain;
}

}  // namespace podnamed::resolve
