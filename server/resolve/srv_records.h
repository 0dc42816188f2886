// The SRV records of a service, with the addresses of their targets (RFC 2782; Kubernetes DNS specification 1.1.0,
// sections 2.3.2 and 2.4.2). Pure; one object a question.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "server/dns/name.h"
#include "server/resolve/answer.h"
#include "server/resolve/cluster_view.h"
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
  using Identity = state::ServiceBlock::Identity;

  // `tail` is "\3svc" and the zone. Sets go into `answer`, additional ones too; of many, as many as more than fill
  // `reply_limit` octets.
  SrvRecords(const state::ServiceBlock& service, const PortFilter& ports, const ClusterView& view,
             std::string_view tail, size_t reply_limit, Answer& answer)
      : service_(service), ports_(ports), view_(view), tail_(tail), reply_limit_(reply_limit), answer_(answer) {}

  // One record a matching port of the service itself, to the service's own name.
  void AddService();
  // The same where it is reached from outside: to the service's own name with its external addresses, and to each of
  // its external hostnames, whose addresses are others' to know.
  void AddExternal();
  // For every endpoint name that is to be shown, in the order of the ordinals: one record a matching port of those who
  // bear it.
  void AddEndpoints(absl::FunctionRef<bool(Identity)> shows);
  // The same for one endpoint name: a label, or an address for those without. `cluster` is empty but in a clusterset.
  void AddHostname(std::string_view label, std::string_view cluster);
  void AddAddress(const base::IpAddress& address, std::string_view cluster);

  // Adds the record set of `owner` to the answer section, equal weights for all; false if there is no record.
  bool Finish(const dns::NamePieces& owner);

 private:
  // Whether test(Identity) is true of a shown identity that bears the name. Asks them in their order, until it is.
  template <typename Test>
  bool AnyBearing(std::string_view label, std::string_view cluster, Test test) const;
  template <typename Test>
  bool AnyBearing(const base::IpAddress& address, std::string_view cluster, Test test) const;
  // Several identities may bear one name; it is listed where the first of them stands.
  template <typename Key>
  bool IsFirstToBear(Identity identity, const Key& key, absl::FunctionRef<bool(Identity)> shows) const;

  // Whether more records would be left out of the reply, and change nothing in those before them.
  bool IsFull() const;
  dns::NamePieces TargetOf(std::string_view label, Identity identity) const;
  // Where the records of one target begin.
  struct Start {
    size_t record;
    size_t additional;
  };
  void AddTarget(Identity identity, const dns::NamePieces& target, const Start& start,
                 absl::Span<const base::Ipv4Address> ipv4, absl::Span<const base::Ipv6Address> ipv6);

  // Whether a record from the `first` on has it: TCP and UDP of one number are one record (RFC 2181 section 5).
  bool HasPort(size_t first, uint16_t number) const;
  template <typename Address>
  void AddIfNew(const dns::NamePieces& target, const Start& start, absl::Span<const Address> address);

  const state::ServiceBlock& service_;
  const PortFilter ports_;
  const ClusterView& view_;
  const std::string_view tail_;
  const size_t reply_limit_;
  Answer& answer_;
  size_t combinations_ = 0;  // of address and matching port
};

}  // namespace podnamed::resolve
