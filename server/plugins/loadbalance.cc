#include "server/plugins/loadbalance.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace podnamed::plugins {
namespace {

using dns::RecordSet;
using dns::RecordType;

// The order in which kinds of records are told.
enum class Kind : uint8_t { kAlias, kOther, kAddress, kMail };
constexpr Kind kKinds[] = {Kind::kAlias, Kind::kOther, Kind::kAddress, Kind::kMail};

Kind KindOf(const RecordSet& set) {
  switch (set.type) {
    case RecordType::kCname:
      return Kind::kAlias;
    case RecordType::kA:
    case RecordType::kAaaa:
      return Kind::kAddress;
    case RecordType::kMx:
      return Kind::kMail;
    default:
      return Kind::kOther;
  }
}

template <typename Address>
size_t CountOf(const std::vector<RecordSet>& section) {
  size_t count = 0;
  for (const RecordSet& set : section) {
    const auto* addresses = std::get_if<absl::Span<const Address>>(&set.rdata);
    if (addresses != nullptr && addresses->size() > 1) count += addresses->size();
  }
  return count;
}

template <typename Address>
size_t CountOf(const resolve::Answer& answer) {
  return CountOf<Address>(answer.answer) + CountOf<Address>(answer.authority) + CountOf<Address>(answer.additional);
}

}  // namespace

void Loadbalance::OnReply(Exchange& exchange) {
  if (exchange.rcode != dns::Rcode::kNoError || exchange.query->type == RecordType::kAxfr ||
      exchange.query->type == RecordType::kIxfr) {
    return;
  }
  if (exchange.answered_by == "kubernetes" && options_.prefer.empty()) return;
  resolve::Answer& answer = exchange.answer;
  for (std::vector<RecordSet>* section : {&answer.answer, &answer.authority, &answer.additional}) OrderSets(*section);
  OrderAddresses(answer);
}

void Loadbalance::OrderSets(std::vector<RecordSet>& section) {
  if (section.size() < 2) return;
  scratch_.clear();
  for (const Kind kind : kKinds) {
    const auto start = static_cast<ptrdiff_t>(scratch_.size());
    std::copy_if(section.begin(), section.end(), std::back_inserter(scratch_),
                 [kind](const RecordSet& set) { return KindOf(set) == kind; });
    if (kind == Kind::kAddress || kind == Kind::kMail) std::shuffle(scratch_.begin() + start, scratch_.end(), random_);
  }
  section.swap(scratch_);
}

// What the sets point to belongs to others. The lists have their full size before anything points into them.
void Loadbalance::OrderAddresses(resolve::Answer& answer) {
  const size_t ipv4_count = CountOf<base::Ipv4Address>(answer);
  const size_t ipv6_count = CountOf<base::Ipv6Address>(answer);
  if (ipv4_count + ipv6_count == 0) return;
  answer.reordered_ipv4.reserve(ipv4_count);
  answer.reordered_ipv6.reserve(ipv6_count);
  for (std::vector<RecordSet>* section : {&answer.answer, &answer.authority, &answer.additional}) {
    for (RecordSet& set : *section) {
      OrderAddresses(set, answer.reordered_ipv4);
      OrderAddresses(set, answer.reordered_ipv6);
    }
  }
}

template <typename Address>
void Loadbalance::OrderAddresses(RecordSet& set, std::vector<Address>& list) {
  auto* addresses = std::get_if<absl::Span<const Address>>(&set.rdata);
  if (addresses == nullptr || addresses->size() < 2) return;
  const size_t start = list.size();
  list.insert(list.end(), addresses->begin(), addresses->end());
  const absl::Span<Address> ordered = absl::MakeSpan(list).subspan(start);
  std::shuffle(ordered.begin(), ordered.end(), random_);
  PutPreferredFirst(ordered);
  *addresses = ordered;
}

template <typename Address>
void Loadbalance::PutPreferredFirst(absl::Span<Address> addresses) const {
  auto rest = addresses.begin();
  for (const base::IpNetwork& network : options_.prefer) {
    rest = std::partition(rest, addresses.end(),
                          [&](const Address& address) { return network.Contains(base::IpAddress(address)); });
  }
}

}  // namespace podnamed::plugins
