#include "server/resolve/srv_records.h"

#include <algorithm>
#include <optional>

namespace podnamed::resolve {
namespace {

using dns::NamePieces;
using state::ServiceBlock;

// RFC 2782 leaves weights open; CoreDNS gives each of n combinations an n-th of a hundred, at least one.
constexpr size_t kTotalWeight = 100;

// Calls visit(Identity) for the published identities that `hostname` names.
template <typename Visit>
void ForEachBearing(const ServiceBlock& service, std::string_view hostname, Visit visit) {
  service.ForEachWithLabel(hostname, [&](ServiceBlock::Identity identity) {
    if (identity.is_published() && identity.hostname() == hostname) visit(identity);
  });
}

// The same for an address, with dashes.
template <typename Visit>
void ForEachBearing(const ServiceBlock& service, const base::IpAddress& address, Visit visit) {
  service.ForEachWithAddress(address, [&](ServiceBlock::Identity identity) {
    if (identity.is_published() && identity.hostname().empty()) visit(identity);
  });
}

// Several identities may bear one name; it is listed where the first of them stands.
template <typename Key>
bool IsFirstToBear(const ServiceBlock& service, ServiceBlock::Identity identity, const Key& key) {
  bool is_first = true;
  ForEachBearing(service, key, [&](ServiceBlock::Identity other) { is_first &= !(other < identity); });
  return is_first;
}

}  // namespace

void SrvRecords::AddService() {
  const NamePieces target(service_.wire_name(), tail_);
  const size_t addresses = service_.cluster_ipv4().size() + service_.cluster_ipv6().size();
  for (size_t i = 0; i < service_.port_count(); ++i) {
    const state::PortView port = service_.port(i);
    if (!ports_.Matches(port)) continue;
    combinations_ += addresses;
    if (port.number != 0) answer_.srv.push_back({0, 0, port.number, target});
  }
  if (!answer_.srv.empty()) answer_.AddAdditional(target, ttl_, service_.cluster_ipv4(), service_.cluster_ipv6());
}

void SrvRecords::AddEndpoints() {
  size_t dashed = 0;
  for (size_t i = 0; i < service_.identity_count(); ++i) {
    const Identity identity = service_.identity(i);
    if (identity.hostname().empty()) dashed += identity.ipv4().size() + identity.ipv6().size();
  }
  answer_.labels.reserve(dashed);  // they must not move under the names that point to them
  for (size_t i = 0; i < service_.identity_count(); ++i) {
    const Identity identity = service_.identity(i);
    if (!identity.is_published()) continue;
    if (!identity.hostname().empty()) {
      if (IsFirstToBear(service_, identity, identity.hostname())) AddHostname(identity.hostname());
      continue;
    }
    for (const base::Ipv4Address& address : identity.ipv4()) {
      if (IsFirstToBear(service_, identity, base::IpAddress(address))) AddAddress(base::IpAddress(address));
    }
    for (const base::Ipv6Address& address : identity.ipv6()) {
      if (IsFirstToBear(service_, identity, base::IpAddress(address))) AddAddress(base::IpAddress(address));
    }
  }
}

void SrvRecords::AddHostname(std::string_view hostname) {
  const size_t first_record = answer_.srv.size();
  ForEachBearing(service_, hostname, [&](Identity identity) {
    AddTarget(identity, NamePieces(identity.wire_hostname(), service_.wire_name(), tail_), first_record,
              identity.ipv4(), identity.ipv6());
  });
}

void SrvRecords::AddAddress(const base::IpAddress& address) {
  const size_t first_record = answer_.srv.size();
  std::optional<NamePieces> target;
  ForEachBearing(service_, address, [&](Identity identity) {
    if (!target.has_value()) {
      const DashedLabel& label = answer_.labels.emplace_back(MakeDashedLabel(address));
      target.emplace(WireOf(label), service_.wire_name(), tail_);
    }
    // The address as the identity keeps it: the record points there.
    const auto ipv4 = identity.ipv4();
    const auto ipv6 = identity.ipv6();
    if (address.is_v4()) {
      const auto at = std::find(ipv4.begin(), ipv4.end(), address.v4());
      AddTarget(identity, *target, first_record, absl::MakeConstSpan(&*at, 1), {});
    } else {
      const auto at = std::find(ipv6.begin(), ipv6.end(), address.v6());
      AddTarget(identity, *target, first_record, {}, absl::MakeConstSpan(&*at, 1));
    }
  });
}

void SrvRecords::AddTarget(Identity identity, const NamePieces& target, size_t first_record,
                           absl::Span<const base::Ipv4Address> ipv4, absl::Span<const base::Ipv6Address> ipv6) {
  const size_t addresses = ipv4.size() + ipv6.size();
  bool has_record = false;
  for (size_t i = 0; i < identity.port_count(); ++i) {
    const state::PortView port = identity.port(i);
    if (!ports_.Matches(port)) continue;
    combinations_ += addresses;
    if (port.number == 0) continue;
    has_record = true;
    const auto is_same = [&](const dns::SrvData& record) { return record.port == port.number; };
    if (std::none_of(answer_.srv.begin() + static_cast<ptrdiff_t>(first_record), answer_.srv.end(), is_same)) {
      answer_.srv.push_back({0, 0, port.number, target});
    }
  }
  // An endpoint without ports yields no record, but counts for the weight of the others (CoreDNS).
  if (identity.port_count() == 0 && ports_.all) combinations_ += addresses;
  if (has_record) answer_.AddAdditional(target, ttl_, ipv4, ipv6);
}

bool SrvRecords::Finish(const NamePieces& owner) {
  if (answer_.srv.empty()) return false;
  const size_t weight = std::max<size_t>(1, kTotalWeight / combinations_);
  for (dns::SrvData& record : answer_.srv) record.weight = static_cast<uint16_t>(weight);
  answer_.answer.push_back({owner, dns::RecordType::kSrv, ttl_, absl::MakeConstSpan(answer_.srv)});
  return true;
}

}  // namespace podnamed::resolve
