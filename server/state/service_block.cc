#include "server/state/service_block.h"

#include <algorithm>
#include <bit>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace podnamed::state {
namespace {

constexpr size_t kMaxOrdinalDigits = 9;  // so that it fits an int64_t with room

// "web-12" is ("web-", 12); a name that does not end with a number, or with one that has a leading zero, has none: -1.
std::pair<std::string_view, int64_t> SplitOrdinal(std::string_view name) {
  size_t start = name.size();
  while (start > 0 && name[start - 1] >= '0' && name[start - 1] <= '9') --start;
  const std::string_view digits = name.substr(start);
  if (digits.empty() || digits.size() > kMaxOrdinalDigits || (digits.size() > 1 && digits[0] == '0')) return {name, -1};
  int64_t ordinal = 0;
  for (const char digit : digits) ordinal = ordinal * 10 + (digit - '0');
  return {name.substr(0, start), ordinal};
}

constexpr size_t AlignUp(size_t size, size_t alignment) { return (size + alignment - 1) / alignment * alignment; }

}  // namespace

bool OrdinalLess(std::string_view a, std::string_view b) {
  const auto [prefix_a, ordinal_a] = SplitOrdinal(a);
  const auto [prefix_b, ordinal_b] = SplitOrdinal(b);
  return std::tie(prefix_a, ordinal_a, a) < std::tie(prefix_b, ordinal_b, b);
}

// Collects a block's arrays, then lays them out in one allocation.
class ServiceBlock::Writer {
 public:
  base::RefPtr<const ServiceBlock> Write(const ServiceSource& service, absl::Span<const IdentitySource> identities) {
    header_.hash_ = HashOf(service.namespace_name, service.name, service.clusterset);
    header_.clusterset_ = service.clusterset;
    header_.uid_ = service.uid;
    header_.kind_ = service.kind;
    header_.has_service_ = service.has_service;
    header_.publish_not_ready_ = service.publish_not_ready;
    // Name and namespace side by side are the service's two labels in wire form.
    header_.name_ = AddText(service.name);
    header_.namespace_ = AddText(service.namespace_name);
    header_.external_name_ = AddText(service.external_name);
    header_.labels_ = AddLabels(service.labels);
    header_.external_hostnames_ = AddHostnames(service.external_hostnames);
    header_.cluster_ipv4_count_ = static_cast<uint8_t>(service.ipv4.size());
    header_.cluster_ipv6_count_ = static_cast<uint8_t>(service.ipv6.size());
    ipv4s_.assign(service.ipv4.begin(), service.ipv4.end());
    ipv6s_.assign(service.ipv6.begin(), service.ipv6.end());
    AddProfile(service.ports, {}, {});
    header_.identity_count_ = static_cast<uint32_t>(identities.size());
    rows_.reserve(identities.size());
    for (const IdentitySource& identity : identities) AddRow(identity);
    Publish(identities, &IdentitySource::ipv4, ipv4s_, header_.cluster_ipv4_count_, header_.published_ipv4_,
            header_.published_ipv4_count_);
    Publish(identities, &IdentitySource::ipv6, ipv6s_, header_.cluster_ipv6_count_, header_.published_ipv6_,
            header_.published_ipv6_count_);
    header_.external_ipv4_count_ = static_cast<uint8_t>(service.external_ipv4.size());
    header_.external_ipv6_count_ = static_cast<uint8_t>(service.external_ipv6.size());
    ipv4s_.insert(ipv4s_.end(), service.external_ipv4.begin(), service.external_ipv4.end());
    ipv6s_.insert(ipv6s_.end(), service.external_ipv6.begin(), service.external_ipv6.end());
    AddIndex(identities);
    return Layout();
  }

 private:
  uint32_t AddText(std::string_view text) {
    if (text.empty()) return 0;  // where text_ holds an empty text
    const uint32_t at = static_cast<uint32_t>(text_.size());
    text_.push_back(static_cast<char>(text.size()));
    text_.append(text);
    return at;
  }

  uint32_t AddLabels(absl::Span<const LabelView> labels) {
    if (labels.empty()) return 0;
    const uint32_t at = static_cast<uint32_t>(text_.size());
    for (const LabelView& label : labels) {
      text_.append(label.key).push_back('\0');
      text_.append(label.value).push_back('\0');
    }
    text_.push_back('\0');
    return at;
  }

  uint32_t AddHostnames(absl::Span<const std::string_view> hostnames) {
    if (hostnames.empty()) return 0;
    const uint32_t at = static_cast<uint32_t>(text_.size());
    for (const std::string_view hostname : hostnames) AddText(hostname);
    text_.push_back('\0');
    return at;
  }

  uint32_t AddProfile(absl::Span<const PortView> ports, std::string_view zone, std::string_view cluster) {
    for (const PortView& port : ports) ports_.push_back({AddText(port.name), port.number, port.protocol});
    profiles_.push_back({static_cast<uint32_t>(ports_.size()), AddText(zone), AddText(cluster)});
    return static_cast<uint32_t>(profiles_.size() - 1);
  }

  // Profile 0, the service's own, is never shared: its port numbers mean another thing.
  uint32_t ProfileOf(const IdentitySource& identity) {
    if (previous_ != nullptr && identity.ports == previous_->ports && identity.zone == previous_->zone &&
        identity.cluster == previous_->cluster) {
      return previous_profile_;
    }
    ProfileKey key{identity.zone, identity.cluster, {}};
    for (const PortView& port : identity.ports) std::get<2>(key).emplace_back(port.name, port.protocol, port.number);
    const auto [it, is_new] = profile_of_.try_emplace(std::move(key), 0);
    if (is_new) it->second = AddProfile(identity.ports, identity.zone, identity.cluster);
    previous_ = &identity;
    previous_profile_ = it->second;
    return it->second;
  }

  void AddRow(const IdentitySource& identity) {
    Row row{};
    row.uid = identity.uid;
    row.name = AddText(identity.name);
    row.hostname = identity.hostname == identity.name ? row.name : AddText(identity.hostname);
    row.ipv4 = static_cast<uint32_t>(ipv4s_.size());
    row.ipv6 = static_cast<uint32_t>(ipv6s_.size());
    row.ipv4_count = static_cast<uint8_t>(identity.ipv4.size());
    row.ipv6_count = static_cast<uint8_t>(identity.ipv6.size());
    row.profile = ProfileOf(identity);
    row.flags = static_cast<uint8_t>((identity.is_pod ? kIsPod : 0) | (identity.ready ? kReady : 0) |
                                     (identity.serving ? kServing : 0) | (identity.terminating ? kTerminating : 0));
    ipv4s_.insert(ipv4s_.end(), identity.ipv4.begin(), identity.ipv4.end());
    ipv6s_.insert(ipv6s_.end(), identity.ipv6.begin(), identity.ipv6.end());
    rows_.push_back(row);
  }

  // Where the published addresses of one family start in `addresses`. They are the rows' own run when every row is
  // published and no address is shared, which is the common case; else they are appended.
  template <typename Address>
  void Publish(absl::Span<const IdentitySource> identities, absl::Span<const Address> IdentitySource::* family,
               std::vector<Address>& addresses, size_t first_row, uint32_t& start, uint32_t& count) {
    std::vector<Address> published;
    absl::flat_hash_set<Address> seen;
    for (const IdentitySource& identity : identities) {
      if (!identity.ready && !header_.publish_not_ready_) continue;
      for (const Address& address : identity.*family) {
        if (seen.insert(address).second) published.push_back(address);
      }
    }
    count = static_cast<uint32_t>(published.size());
    if (first_row + published.size() == addresses.size()) {
      start = static_cast<uint32_t>(first_row);
      return;
    }
    start = static_cast<uint32_t>(addresses.size());
    addresses.insert(addresses.end(), published.begin(), published.end());
  }

  void AddIndex(absl::Span<const IdentitySource> identities) {
    size_t keys = identities.size();
    for (const IdentitySource& identity : identities) keys += identity.ipv4.size() + identity.ipv6.size();
    // Between a half and three quarters full; at least one slot stays empty, which ends every search.
    slots_.resize(std::bit_ceil(keys + keys / 3 + 1));
    header_.index_mask_ = static_cast<uint32_t>(slots_.size() - 1);
    header_.row_mask_ = static_cast<uint32_t>(std::bit_ceil(identities.size() + 1) - 1);
    for (uint32_t row = 0; row < identities.size(); ++row) {
      const IdentitySource& identity = identities[row];
      AddSlot(KeyOf(identity.hostname.empty() ? identity.name : identity.hostname), row);
      for (const base::Ipv4Address& address : identity.ipv4) AddSlot(KeyOf(base::IpAddress(address)), row);
      for (const base::Ipv6Address& address : identity.ipv6) AddSlot(KeyOf(base::IpAddress(address)), row);
    }
  }

  void AddSlot(uint32_t key, uint32_t row) {
    uint32_t i = key & header_.index_mask_;
    while (slots_[i] != 0) i = (i + 1) & header_.index_mask_;
    slots_[i] = (key & ~header_.row_mask_) | (row + 1);
  }

  // Reserves room for `array` in the allocation and returns where.
  template <typename Array>
  uint32_t Place(const Array& array) {
    const size_t at = AlignUp(size_, alignof(typename Array::value_type));
    size_ = at + array.size() * sizeof(typename Array::value_type);
    return static_cast<uint32_t>(at);
  }

  base::RefPtr<const ServiceBlock> Layout() {
    const uint32_t text = Place(text_);  // which begins with what every lookup compares
    header_.rows_offset_ = Place(rows_);
    header_.index_offset_ = Place(slots_);
    header_.profiles_offset_ = Place(profiles_);
    header_.ports_offset_ = Place(ports_);
    header_.ipv4_offset_ = Place(ipv4s_);
    header_.ipv6_offset_ = Place(ipv6s_);
    char* const memory = static_cast<char*>(::operator new(size_));
    std::uninitialized_copy(rows_.begin(), rows_.end(), reinterpret_cast<Row*>(memory + header_.rows_offset_));
    std::uninitialized_copy(slots_.begin(), slots_.end(), reinterpret_cast<uint32_t*>(memory + header_.index_offset_));
    std::uninitialized_copy(profiles_.begin(), profiles_.end(),
                            reinterpret_cast<Profile*>(memory + header_.profiles_offset_));
    std::uninitialized_copy(ports_.begin(), ports_.end(),
                            reinterpret_cast<PackedPort*>(memory + header_.ports_offset_));
    std::uninitialized_copy(ipv4s_.begin(), ipv4s_.end(),
                            reinterpret_cast<base::Ipv4Address*>(memory + header_.ipv4_offset_));
    std::uninitialized_copy(ipv6s_.begin(), ipv6s_.end(),
                            reinterpret_cast<base::Ipv6Address*>(memory + header_.ipv6_offset_));
    std::copy(text_.begin(), text_.end(), memory + text);
    return base::RefPtr<const ServiceBlock>(new (memory) ServiceBlock(header_));
  }

  ServiceBlock header_;
  std::vector<Row> rows_;
  std::vector<uint32_t> slots_;
  std::vector<Profile> profiles_;
  std::vector<PackedPort> ports_;
  std::vector<base::Ipv4Address> ipv4s_;
  std::vector<base::Ipv6Address> ipv6s_;
  std::string text_ = std::string(1, '\0');
  // Zone, cluster, ports.
  using ProfileKey =
      std::tuple<std::string_view, std::string_view, std::vector<std::tuple<std::string_view, Protocol, uint16_t>>>;
  absl::flat_hash_map<ProfileKey, uint32_t> profile_of_;
  const IdentitySource* previous_ = nullptr;  // nearly always the next one has its profile
  uint32_t previous_profile_ = 0;
  size_t size_ = sizeof(ServiceBlock);
};

base::RefPtr<const ServiceBlock> ServiceBlock::Make(const ServiceSource& service,
                                                    absl::Span<const IdentitySource> identities) {
  return Writer().Write(service, identities);
}

void ServiceBlock::Destroy(const ServiceBlock* block) {
  // All arrays are of trivially destructible types.
  ::operator delete(const_cast<ServiceBlock*>(block));
}

// Of a wide service the processor sees by itself that one line follows another.
void ServiceBlock::Prefetch() const {
  constexpr ptrdiff_t kMost = 16384;
  const char* const begin = reinterpret_cast<const char*>(this);
  const size_t ipv6s = size_t{published_ipv6_} + published_ipv6_count_ + external_ipv6_count_;
  const char* const end = reinterpret_cast<const char*>(Ipv6s() + ipv6s);  // they lie last
  for (const char* at = begin; at < begin + std::min(end - begin, kMost); at += base::kCacheLine) base::Prefetch(at);
}

size_t ServiceBlock::IndexOfName(std::string_view identity_name) const {
  size_t low = 0;
  size_t high = identity_count_;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (OrdinalLess(identity(middle).name(), identity_name)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < identity_count_ && identity(low).name() == identity_name ? low : identity_count_;
}

bool ServiceBlock::HasAddress(const base::IpAddress& address) const {
  return HasClusterAddress(address) || HasExternalAddress(address) ||
         AnyWithAddress(address, [](Identity) { return true; });
}

}  // namespace podnamed::state
