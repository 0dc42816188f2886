#include "server/resolve/zone_answer.h"

#include <algorithm>

#include "absl/random/random.h"

namespace podnamed::resolve {
namespace {

using dns::NamePieces;
using dns::RecordType;

// RFC 1035 section 3.3.13; the numbers are CoreDNS's.
constexpr uint32_t kSoaRefresh = 7200;
constexpr uint32_t kSoaRetry = 1800;
constexpr uint32_t kSoaExpire = 86400;
constexpr uint32_t kMaxSoaTtl = 300;  // in the cluster's zones

constexpr std::string_view kHostmasterLabel = "\12hostmaster";

template <typename Address>
void SortOutDuplicates(std::vector<Address>& addresses) {
  if (addresses.size() < 2) return;
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
}

// Fisher and Yates, as far as it matters: the records that fit into `limit` octets, and one more, by which the encoder
// sees that there are more. A service of ten thousand pods costs a small reply no more than one of a hundred.
template <typename Address>
void Shuffle(std::vector<Address>& addresses, size_t limit, absl::BitGenRef random) {
  if (addresses.size() < 2) return;
  const size_t most = limit / (dns::kMinRecordLength + sizeof(Address)) + 1;
  const size_t wanted = std::min(addresses.size(), most);
  for (size_t i = 0; i < wanted; ++i) {
    std::swap(addresses[i], addresses[absl::Uniform(random, i, addresses.size())]);
  }
  addresses.resize(wanted);
}

}  // namespace

Outcome ZoneAnswer::AtApex(std::string_view server_zone) {
  if (type() == RecordType::kSoa) {
    AddSoa(answer_.answer);
    return Outcome::kAnswer;
  }
  if (type() != RecordType::kNs) return Outcome::kNoData;
  answer_.names.push_back(ServerName(server_zone));
  Add(absl::MakeConstSpan(answer_.names), NamePieces(zone_), RecordType::kNs);
  const Addresses addresses = ServerAddresses();
  answer_.AddAdditional(answer_.names.front(), ttl(), addresses.ipv4, addresses.ipv6);
  return Outcome::kAnswer;
}

Outcome ZoneAnswer::AtServer() {
  const Addresses addresses = ServerAddresses();
  return WithAddresses(addresses.ipv4, addresses.ipv6);
}

NamePieces ZoneAnswer::ServerName(std::string_view zone) const {
  const auto& external = view_.options().external;
  return external ? NamePieces("\3ns1", external->apex, zone) : NamePieces("\2ns\3dns", zone);
}

NamePieces ZoneAnswer::HostmasterName() const {
  const auto& external = view_.options().external;
  return external ? NamePieces(kHostmasterLabel, external->apex, zone_) : NamePieces(kHostmasterLabel, zone_);
}

ZoneAnswer::Addresses ZoneAnswer::ServerAddresses() {
  const ResolverOptions& options = view_.options();
  if (IsExternal()) {
    CollectExternalServers();
    if (!answer_.ipv4.empty() || !answer_.ipv6.empty()) return {answer_.ipv4, answer_.ipv6};
  }
  return {options.server_ipv4, options.server_ipv6};
}

// The services that have this server among their endpoints (CoreDNS).
void ZoneAnswer::CollectExternalServers() {
  const ResolverOptions& options = view_.options();
  const auto append = [](const auto& from, auto& to) { to.insert(to.end(), from.begin(), from.end()); };
  const auto look = [&](const base::IpAddress& own) {
    view_.snapshot().ForEachServiceWithAddress(own, [&](const state::ServiceBlock& service) {
      const auto is_shown = [&](ClusterView::Identity identity) { return view_.Shows(identity); };
      if (service.clusterset() || !view_.Shows(service) || !service.AnyWithAddress(own, is_shown)) return;
      const bool by_endpoints =
          options.external->headless && !service.has_external() && service.kind() == state::ServiceKind::kHeadless;
      append(by_endpoints ? service.published_ipv4() : service.external_ipv4(), answer_.ipv4);
      append(by_endpoints ? service.published_ipv6() : service.external_ipv6(), answer_.ipv6);
    });
  };
  for (const base::Ipv4Address& address : options.server_ipv4) look(base::IpAddress(address));
  for (const base::Ipv6Address& address : options.server_ipv6) look(base::IpAddress(address));
  RemoveDuplicates();
}

Outcome ZoneAnswer::WithAddresses(absl::Span<const base::Ipv4Address> ipv4, absl::Span<const base::Ipv6Address> ipv6) {
  if (type() == RecordType::kA && !ipv4.empty()) {
    Add(ipv4, question_.owner, RecordType::kA);
    return Outcome::kAnswer;
  }
  if (type() == RecordType::kAaaa && !ipv6.empty()) {
    Add(ipv6, question_.owner, RecordType::kAaaa);
    return Outcome::kAnswer;
  }
  return Outcome::kNoData;
}

void ZoneAnswer::Collect(absl::Span<const base::Ipv4Address> ipv4, absl::Span<const base::Ipv6Address> ipv6) {
  if (type() == RecordType::kA) answer_.ipv4.insert(answer_.ipv4.end(), ipv4.begin(), ipv4.end());
  if (type() == RecordType::kAaaa) answer_.ipv6.insert(answer_.ipv6.end(), ipv6.begin(), ipv6.end());
}

Outcome ZoneAnswer::ShuffledAddresses() {
  Shuffle(answer_.ipv4, question_.reply_limit, random_);
  Shuffle(answer_.ipv6, question_.reply_limit, random_);
  return WithAddresses(answer_.ipv4, answer_.ipv6);
}

void ZoneAnswer::RemoveDuplicates() {
  SortOutDuplicates(answer_.ipv4);
  SortOutDuplicates(answer_.ipv6);
}

void ZoneAnswer::AddSoa(std::vector<dns::RecordSet>& section) {
  section.push_back({NamePieces(zone_), RecordType::kSoa, IsExternal() ? ttl() : std::min(ttl(), kMaxSoaTtl),
                     dns::SoaData{.mname = ServerName(zone_),
                                  .rname = HostmasterName(),
                                  .serial = static_cast<uint32_t>(absl::ToUnixSeconds(view_.snapshot().origin_time())),
                                  .refresh = kSoaRefresh,
                                  .retry = kSoaRetry,
                                  .expire = kSoaExpire,
                                  .minimum = ttl()}});
}

}  // namespace podnamed::resolve
