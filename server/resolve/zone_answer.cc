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
constexpr uint32_t kMaxSoaTtl = 300;

constexpr std::string_view kServerLabels = "\2ns\3dns";
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
  answer_.names.emplace_back(kServerLabels, server_zone);
  Add(absl::MakeConstSpan(answer_.names), NamePieces(zone_), RecordType::kNs);
  const ResolverOptions& options = view_.options();
  answer_.AddAdditional(answer_.names.front(), ttl(), options.server_ipv4, options.server_ipv6);
  return Outcome::kAnswer;
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
  section.push_back({NamePieces(zone_), RecordType::kSoa, std::min(ttl(), kMaxSoaTtl),
                     dns::SoaData{.mname = NamePieces(kServerLabels, zone_),
                                  .rname = NamePieces(kHostmasterLabel, zone_),
                                  .serial = static_cast<uint32_t>(absl::ToUnixSeconds(view_.snapshot().origin_time())),
                                  .refresh = kSoaRefresh,
                                  .retry = kSoaRetry,
                                  .expire = kSoaExpire,
                                  .minimum = ttl()}});
}

}  // namespace podnamed::resolve
