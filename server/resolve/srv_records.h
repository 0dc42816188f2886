// The SRV records of a service, with the addresses of their targets (RFC 2782; Kubernetes DNS specification 1.1.0,
// sections 2.3.2 and 2.4.2). Pure; one object a question.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/dns/name.h"
#include "server/resolve/answer.h"
#include "server/state/service_block.h"

namespace podnamed::resolve {

// Which ports of a service are asked for.
struct PortFilter {
  bool all = true;             // named or not
  state::Protocol protocol{};  // unless all: named ports of this protocol,
  std::string_view name;       // and of this name, if there is one

  bool Matches(const state::PortView& port) const {
    return all || (port.protocol == protocol && !port.name.empty() && (name.empty() || port.name == name));
  }
};

class SrvRecords {
 public:
  // `tail` is "\3svc" and the zone. Sets go into `answer`, additional ones too.
  SrvRecords(const state::ServiceBlock& service, const PortFilter& ports, std::string_view tail, uint32_t ttl,
             Answer& answer)
      : service_(service), ports_(ports), tail_(tail), ttl_(ttl), answer_(answer) {}

  // One record a matching port of the service itself, to the service's own name.
  void AddService();
  // For every endpoint name in the order of the ordinals: one record a matching port of those who bear it.
  void AddEndpoints();
  // The same for one endpoint name: a hostname, or an address for those without.
  void AddHostname(std::string_view hostname);
  void AddAddress(const base::IpAddress& address);

  // Adds the record set of `owner` to the answer section, equal weights for all; false if there is no record.
  bool Finish(const dns::NamePieces& owner);

 private:
  using Identity = state::ServiceBlock::Identity;

  void AddTarget(Identity identity, const dns::NamePieces& target, size_t first_record,
                 absl::Span<const base::Ipv4Address> ipv4, absl::Span<const base::Ipv6Address> ipv6);

  const state::ServiceBlock& service_;
  const PortFilter ports_;
  const std::string_view tail_;
  const uint32_t ttl_;
  Answer& answer_;
  size_t combinations_ = 0;  // of address and matching port
};

}  // namespace podnamed::resolve
