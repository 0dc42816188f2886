#include "server/resolve/service_answer.h"

#include <optional>
#include <utility>

#include "server/resolve/reverse_name.h"

namespace podnamed::resolve {

using dns::RecordType;

// The specification: a headless service without ready endpoints does not exist.
Outcome ServiceAnswer::AtHeadless(const ServiceBlock& service) {
  if (!view_.options().endpoints || (service.published_ipv4().empty() && service.published_ipv6().empty())) {
    return Outcome::kNxDomain;
  }
  if (type() == RecordType::kSrv) return Srv(service, {}, Target::kEndpoints);
  Collect(service.published_ipv4(), service.published_ipv6());
  return ShuffledAddresses();
}

Outcome ServiceAnswer::AtEndpoint(const ServiceBlock& service) {
  const std::string_view label = parsed_.endpoint;
  std::optional<Identity> first;
  bool is_only = true;
  service.ForEachWithLabel(label, [&](Identity identity) {
    if (identity.cluster() != parsed_.cluster || !view_.Shows(identity) || view_.LabelOf(identity) != label) return;
    if (!first.has_value()) {
      first = identity;
    } else {
      is_only = false;
      Collect(identity.ipv4(), identity.ipv6());
    }
  });
  if (!first.has_value()) return AtDashedAddress(service, label);
  if (type() == RecordType::kSrv) {
    SrvRecords srv = MakeSrv(service, {});
    srv.AddHostname(label, parsed_.cluster);
    return Finish(std::move(srv));
  }
  // Nearly always it is one pod with an address of each family, which are answered from where they stand.
  if (is_only && first->ipv4().size() <= 1 && first->ipv6().size() <= 1) {
    return WithAddresses(first->ipv4(), first->ipv6());
  }
  Collect(first->ipv4(), first->ipv6());
  RemoveDuplicates();
  return ShuffledAddresses();
}

// An endpoint without a label bears each of its addresses as a name, which stands for that address alone.
Outcome ServiceAnswer::AtDashedAddress(const ServiceBlock& service, std::string_view label) {
  const std::optional<base::IpAddress> address = ParseDashedLabel(label);
  if (!address.has_value()) return Outcome::kNxDomain;
  const bool exists = service.AnyWithAddress(*address, [&](Identity identity) {
    return view_.Shows(identity) && view_.LabelOf(identity).empty() && identity.cluster() == parsed_.cluster;
  });
  if (!exists) return Outcome::kNxDomain;
  if (type() == RecordType::kSrv) {
    SrvRecords srv = MakeSrv(service, {});
    srv.AddAddress(*address, parsed_.cluster);
    return Finish(std::move(srv));
  }
  if (address->is_v4()) {
    answer_.ipv4.push_back(address->v4());
  } else {
    answer_.ipv6.push_back(address->v6());
  }
  return WithAddresses(answer_.ipv4, answer_.ipv6);
}

Outcome ServiceAnswer::AtPort(const ServiceBlock& service, Target target) {
  const PortFilter ports = {.all = false, .protocol = parsed_.protocol, .name = parsed_.port};
  if (!HasPort(service, ports, target)) return Outcome::kNxDomain;
  if (type() != RecordType::kSrv || ports.name.empty()) return Outcome::kNoData;
  return Srv(service, ports, target);
}

Outcome ServiceAnswer::Srv(const ServiceBlock& service, const PortFilter& ports, Target target) {
  SrvRecords srv = MakeSrv(service, ports);
  switch (target) {
    case Target::kService:
      srv.AddService();
      break;
    case Target::kEndpoints:
      srv.AddEndpoints([this](Identity identity) { return view_.Shows(identity); });
      break;
    case Target::kExternal:
      srv.AddExternal();
      break;
  }
  return Finish(std::move(srv));
}

bool ServiceAnswer::HasPort(const ServiceBlock& service, const PortFilter& ports, Target target) const {
  const auto has_port = [&ports](const auto& of) {
    for (size_t i = 0; i < of.port_count(); ++i) {
      if (of.port(i).number != 0 && ports.Matches(of.port(i))) return true;
    }
    return false;
  };
  if (target != Target::kEndpoints) return has_port(service);
  for (size_t i = 0; i < service.identity_count(); ++i) {
    if (view_.Shows(service.identity(i)) && has_port(service.identity(i))) return true;
  }
  return false;
}

}  // namespace podnamed::resolve
