#include "server/resolve/srv_records.h"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <variant>

#include "absl/algorithm/container.h"

namespace podnamed::resolve {
namespace {

using dns::NamePieces;

// RFC 2782 leaves weights open; CoreDNS gives each of n combinations an n-th of a hundred, at least one.
constexpr size_t kTotalWeight = 100;

}  // namespace

template <typename Test>
bool SrvRecords::AnyBearing(std::string_view label, std::string_view cluster, Test test) const {
  return service_.AnyWithLabel(label, [&](Identity identity) {
    return view_.Shows(identity) && view_.LabelOf(identity) == label && identity.cluster() == cluster && test(identity);
  });
}

template <typename Test>
bool SrvRecords::AnyBearing(const base::IpAddress& address, std::string_view cluster, Test test) const {
  return service_.AnyWithAddress(address, [&](Identity identity) {
    return view_.Shows(identity) && view_.LabelOf(identity).empty() && identity.cluster() == cluster && test(identity);
  });
}

template <typename Key>
bool SrvRecords::IsFirstToBear(Identity identity, const Key& key, absl::FunctionRef<bool(Identity)> shows) const {
  bool is_first = false;
  AnyBearing(key, identity.cluster(), [&](Identity other) {
    if (!shows(other)) return false;
    is_first = !(other < identity);
    return true;
  });
  return is_first;
}

// Where the reply cannot take more and the client will ask again over TCP: a service of ten thousand pods costs a
// datagram no more than one of a hundred. Over TCP the encoder chooses among all of them.
bool SrvRecords::IsFull() const {
  constexpr size_t kSmallestRdata = 8;  // priority, weight, port, a label
  const size_t smallest = dns::kMinRecordLength + kSmallestRdata + service_.wire_name().size() + tail_.size();
  return reply_limit_ < dns::kMaxMessageLength && answer_.srv.size() > reply_limit_ / smallest &&
         combinations_ > kTotalWeight / 2;  // the weight stays 1
}

dns::NamePieces SrvRecords::TargetOf(std::string_view label, Identity identity) const {
  if (!service_.clusterset()) return NamePieces(label, service_.wire_name(), tail_);
  return NamePieces(label, identity.wire_cluster(), service_.wire_name(), tail_);
}

void SrvRecords::AddService() {
  const NamePieces target(service_.wire_name(), tail_);
  const size_t addresses = service_.cluster_ipv4().size() + service_.cluster_ipv6().size();
  for (size_t i = 0; i < service_.port_count(); ++i) {
    const state::PortView port = service_.port(i);
    if (!ports_.Matches(port)) continue;
    combinations_ += addresses;
    if (port.number != 0 && !HasPort(0, port.number)) answer_.srv.push_back({0, 0, port.number, target});
  }
  if (!answer_.srv.empty())
    answer_.AddAdditional(target, view_.options().ttl, service_.cluster_ipv4(), service_.cluster_ipv6());
}

void SrvRecords::AddExternal() {
  const NamePieces own(service_.wire_name(), tail_);
  const size_t addresses = service_.external_ipv4().size() + service_.external_ipv6().size();
  size_t hostnames = 0;
  service_.ForEachExternalHostname([&](std::string_view) { ++hostnames; });
  for (size_t i = 0; i < service_.port_count(); ++i) {
    const state::PortView port = service_.port(i);
    if (!ports_.Matches(port)) continue;
    combinations_ += addresses + hostnames;
    if (port.number == 0 || HasPort(0, port.number)) continue;
    if (addresses > 0) answer_.srv.push_back({0, 0, port.number, own});
    service_.ForEachExternalHostname(
        [&](std::string_view hostname) { answer_.srv.push_back({0, 0, port.number, NamePieces(hostname)}); });
  }
  if (!answer_.srv.empty()) {
    answer_.AddAdditional(own, view_.options().ttl, service_.external_ipv4(), service_.external_ipv6());
  }
}

void SrvRecords::AddEndpoints(absl::FunctionRef<bool(Identity)> shows) {
  for (size_t i = 0; i < service_.identity_count() && !IsFull(); ++i) {
    const Identity identity = service_.identity(i);
    if (!shows(identity)) continue;
    if (const std::string_view label = view_.LabelOf(identity); !label.empty()) {
      if (IsFirstToBear(identity, label, shows)) AddHostname(label, identity.cluster());
      continue;
    }
    answer_.labels.reserve(service_.address_count());  // they must not move under the names that point to them
    for (const base::Ipv4Address& address : identity.ipv4()) {
      const base::IpAddress key(address);
      if (IsFirstToBear(identity, key, shows)) AddAddress(key, identity.cluster());
    }
    for (const base::Ipv6Address& address : identity.ipv6()) {
      const base::IpAddress key(address);
      if (IsFirstToBear(identity, key, shows)) AddAddress(key, identity.cluster());
    }
  }
}

void SrvRecords::AddHostname(std::string_view label, std::string_view cluster) {
  const Start start{answer_.srv.size(), answer_.additional.size()};
  AnyBearing(label, cluster, [&](Identity identity) {
    AddTarget(identity, TargetOf(view_.WireLabelOf(identity), identity), start, identity.ipv4(), identity.ipv6());
    return false;
  });
}

void SrvRecords::AddAddress(const base::IpAddress& address, std::string_view cluster) {
  const Start start{answer_.srv.size(), answer_.additional.size()};
  std::optional<NamePieces> target;
  AnyBearing(address, cluster, [&](Identity identity) {
    if (!target.has_value()) {
      target.emplace(TargetOf(WireOf(answer_.labels.emplace_back(MakeDashedLabel(address))), identity));
    }
    // The address as the identity keeps it: the record points there.
    const auto ipv4 = identity.ipv4();
    const auto ipv6 = identity.ipv6();
    if (address.is_v4()) {
      const auto at = std::find(ipv4.begin(), ipv4.end(), address.v4());
      AddTarget(identity, *target, start, absl::MakeConstSpan(&*at, 1), {});
    } else {
      const auto at = std::find(ipv6.begin(), ipv6.end(), address.v6());
      AddTarget(identity, *target, start, {}, absl::MakeConstSpan(&*at, 1));
    }
    return false;
  });
}

void SrvRecords::AddTarget(Identity identity, const NamePieces& target, const Start& start,
                           absl::Span<const base::Ipv4Address> ipv4, absl::Span<const base::Ipv6Address> ipv6) {
  if (target.size() > dns::kMaxNameLength) return;  // there is no such name: the zone's is too long
  const size_t addresses = ipv4.size() + ipv6.size();
  bool has_record = false;
  for (size_t i = 0; i < identity.port_count(); ++i) {
    const state::PortView port = identity.port(i);
    if (!ports_.Matches(port)) continue;
    combinations_ += addresses;
    if (port.number == 0) continue;
    has_record = true;
    if (!HasPort(start.record, port.number)) answer_.srv.push_back({0, 0, port.number, target});
  }
  // An endpoint without ports yields no record, but counts for the weight of the others (CoreDNS).
  if (identity.port_count() == 0 && ports_.all) combinations_ += addresses;
  const size_t most_sets = reply_limit_ / (dns::kMinRecordLength + sizeof(base::Ipv4Address));
  if (!has_record || answer_.additional.size() > most_sets) return;
  if (answer_.additional.size() == start.additional) {
    answer_.AddAdditional(target, view_.options().ttl, ipv4, ipv6);
    return;
  }
  // Somebody else bears the name too, perhaps at the same address.
  for (const base::Ipv4Address& address : ipv4) AddIfNew(target, start, absl::MakeConstSpan(&address, 1));
  for (const base::Ipv6Address& address : ipv6) AddIfNew(target, start, absl::MakeConstSpan(&address, 1));
}

bool SrvRecords::HasPort(size_t first, uint16_t number) const {
  return std::any_of(answer_.srv.begin() + static_cast<ptrdiff_t>(first), answer_.srv.end(),
                     [number](const dns::SrvData& record) { return record.port == number; });
}

template <typename Address>
void SrvRecords::AddIfNew(const NamePieces& target, const Start& start, absl::Span<const Address> address) {
  const auto has_it = [&](const dns::RecordSet& set) {
    const auto* known = std::get_if<absl::Span<const Address>>(&set.rdata);
    return known != nullptr && absl::c_linear_search(*known, address.front());
  };
  const auto first = answer_.additional.begin() + static_cast<ptrdiff_t>(start.additional);
  if (std::any_of(first, answer_.additional.end(), has_it)) return;
  constexpr bool kIsV4 = std::is_same_v<Address, base::Ipv4Address>;
  answer_.additional.push_back(
      {target, kIsV4 ? dns::RecordType::kA : dns::RecordType::kAaaa, view_.options().ttl, address});
}

bool SrvRecords::Finish(const NamePieces& owner) {
  if (answer_.srv.empty()) return false;
  const size_t weight = std::max<size_t>(1, kTotalWeight / combinations_);
  for (dns::SrvData& record : answer_.srv) record.weight = static_cast<uint16_t>(weight);
  answer_.answer.push_back({owner, dns::RecordType::kSrv, view_.options().ttl, absl::MakeConstSpan(answer_.srv)});
  return true;
}

}  // namespace podnamed::resolve
