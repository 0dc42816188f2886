#include "server/plugins/loadbalance.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "absl/algorithm/container.h"

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

// What the sets point to belongs to others. The lists have their full size before anything points into them, of as
// many copies of each address.
void ReserveFor(resolve::Answer& answer, size_t copies) {
  answer.reordered_ipv4.reserve(copies * CountOf<base::Ipv4Address>(answer));
  answer.reordered_ipv6.reserve(copies * CountOf<base::Ipv6Address>(answer));
}

// At the end of the list, which has room.
template <typename Address>
absl::Span<Address> Copy(absl::Span<const Address> addresses, std::vector<Address>& list) {
  list.insert(list.end(), addresses.begin(), addresses.end());
  return absl::MakeSpan(list).last(addresses.size());
}

// std::stable_partition, which allocates.
template <typename Iterator, typename Predicate>
Iterator PutFirstInOrder(Iterator first, Iterator last, Predicate holds) {
  if (first == last) return first;
  if (last - first == 1) return holds(*first) ? last : first;
  const Iterator middle = first + (last - first) / 2;
  return std::rotate(PutFirstInOrder(first, middle, holds), middle, PutFirstInOrder(middle, last, holds));
}

std::string_view Folded(const dns::NamePieces& name, dns::NameStorage& storage) {
  size_t size = 0;
  for (const std::string_view piece : name.pieces()) {
    for (const char octet : piece) storage[size++] = static_cast<char>(dns::FoldCase(static_cast<uint8_t>(octet)));
  }
  return {storage.data(), size};
}

uint32_t WeightOf(const Weights::OfName& weights, const base::IpAddress& address) {
  const auto found = weights.find(address);
  return found == weights.end() ? 1 : found->second;
}

}  // namespace

void Loadbalance::OnReply(Exchange& exchange) {
  if (exchange.rcode != dns::Rcode::kNoError || exchange.query->type == RecordType::kAxfr ||
      exchange.query->type == RecordType::kIxfr) {
    return;
  }
  resolve::Answer& answer = exchange.answer;
  if (source_ != nullptr) {
    const RecordType type = exchange.query->type;
    if (type == RecordType::kA || type == RecordType::kAaaa || type == RecordType::kSrv) Weigh(answer);
    return;
  }
  if (exchange.answered_by == "kubernetes" && options_.prefer.empty()) return;
  for (std::vector<RecordSet>* section : {&answer.answer, &answer.authority, &answer.additional}) {
    OrderSets(*section, /*shuffles=*/true);
  }
  ReserveFor(answer, /*copies=*/1);
  OrderAddresses(answer, [this](auto addresses) { std::shuffle(addresses.begin(), addresses.end(), random_); });
}

void Loadbalance::Weigh(resolve::Answer& answer) {
  ReserveFor(answer, /*copies=*/2);
  PutOneFirst(answer.answer, answer);
  PutOneFirst(answer.additional, answer);
  if (!options_.prefer.empty()) OrderAddresses(answer, [](auto) {});
}

void Loadbalance::PutOneFirst(std::vector<RecordSet>& section, resolve::Answer& answer) {
  const auto is_of_addresses = [](const RecordSet& set) { return KindOf(set) == Kind::kAddress; };
  if (absl::c_none_of(section, is_of_addresses)) return;
  OrderSets(section, /*shuffles=*/false);
  uint32_t sum = 0;
  ForEachWeight(section, [&sum](RecordSet&, size_t, uint32_t weight) {
    sum += weight;
    return false;
  });
  uint32_t picked = absl::Uniform<uint32_t>(random_, 0, std::max(sum, 1U));
  ForEachWeight(section, [&](RecordSet& set, size_t index, uint32_t weight) {
    if (picked >= weight) {
      picked -= weight;
      return false;
    }
    PutFirst(set, index, answer.reordered_ipv4);
    PutFirst(set, index, answer.reordered_ipv6);
    std::swap(*absl::c_find_if(section, is_of_addresses), set);
    return true;
  });
}

template <typename Visit>
void Loadbalance::ForEachWeight(std::vector<RecordSet>& section, Visit visit) const {
  dns::NameStorage storage;
  for (RecordSet& set : section) {
    const auto visit_all = [&](const auto& addresses) {
      const Weights::OfName* const weights = weights_->Find(Folded(set.owner, storage));
      for (size_t i = 0; i < addresses.size(); ++i) {
        if (visit(set, i, weights == nullptr ? 1 : WeightOf(*weights, base::IpAddress(addresses[i])))) return true;
      }
      return false;
    };
    const auto* const ipv4 = std::get_if<absl::Span<const base::Ipv4Address>>(&set.rdata);
    const auto* const ipv6 = std::get_if<absl::Span<const base::Ipv6Address>>(&set.rdata);
    if ((ipv4 != nullptr && visit_all(*ipv4)) || (ipv6 != nullptr && visit_all(*ipv6))) return;
  }
}

template <typename Address>
void Loadbalance::PutFirst(RecordSet& set, size_t index, std::vector<Address>& list) {
  auto* const addresses = std::get_if<absl::Span<const Address>>(&set.rdata);
  if (addresses == nullptr || index == 0) return;
  const absl::Span<Address> copy = Copy(*addresses, list);
  std::swap(copy[0], copy[index]);
  *addresses = copy;
}

void Loadbalance::OrderSets(std::vector<RecordSet>& section, bool shuffles) {
  if (section.size() < 2) return;
  scratch_.clear();
  for (const Kind kind : kKinds) {
    const auto start = static_cast<ptrdiff_t>(scratch_.size());
    std::copy_if(section.begin(), section.end(), std::back_inserter(scratch_),
                 [kind](const RecordSet& set) { return KindOf(set) == kind; });
    const bool is_shuffled = shuffles && (kind == Kind::kAddress || kind == Kind::kMail);
    if (is_shuffled) std::shuffle(scratch_.begin() + start, scratch_.end(), random_);
  }
  section.swap(scratch_);
}

template <typename Order>
void Loadbalance::OrderAddresses(resolve::Answer& answer, Order order) {
  for (std::vector<RecordSet>* section : {&answer.answer, &answer.authority, &answer.additional}) {
    for (RecordSet& set : *section) {
      OrderAddresses(set, answer.reordered_ipv4, order);
      OrderAddresses(set, answer.reordered_ipv6, order);
    }
  }
}

template <typename Address, typename Order>
void Loadbalance::OrderAddresses(RecordSet& set, std::vector<Address>& list, Order order) const {
  auto* const addresses = std::get_if<absl::Span<const Address>>(&set.rdata);
  if (addresses == nullptr || addresses->size() < 2) return;
  const absl::Span<Address> copy = Copy(*addresses, list);
  order(copy);
  PutPreferredFirst(copy);
  *addresses = copy;
}

template <typename Address>
void Loadbalance::PutPreferredFirst(absl::Span<Address> addresses) const {
  auto rest = addresses.begin();
  for (const base::IpNetwork& network : options_.prefer) {
    rest = PutFirstInOrder(rest, addresses.end(),
                           [&](const Address& address) { return network.Contains(base::IpAddress(address)); });
  }
}

}  // namespace podnamed::plugins
