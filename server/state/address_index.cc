#include "server/state/address_index.h"

#include "absl/container/inlined_vector.h"

namespace podnamed::state {

void AddressIndex::Prefetch(absl::Span<const base::IpAddress> addresses) const {
  constexpr size_t kMost = 64;  // what is asked for must still be there when it is read
  absl::InlinedVector<Approach, 8> ways;
  for (const base::IpAddress& address : addresses.first(std::min(addresses.size(), kMost)))
    ways.emplace_back(*this, address);
  for (bool is_under_way = true; is_under_way;) {
    is_under_way = false;
    for (Approach& way : ways) is_under_way |= way.Step();
  }
}

void AddressIndex::Add(const base::IpAddress& address, uint64_t hash) {
  std::vector<uint64_t> hashes;
  ForEach(address, [&](uint64_t other) { hashes.push_back(other); });
  if (hashes.empty()) {
    Set(address, hash);
    return;
  }
  hashes.push_back(hash);
  several_.Put(address, Several{address, std::move(hashes)});
  Set(address, kSeveral);
}

void AddressIndex::Remove(const base::IpAddress& address, uint64_t hash) {
  std::vector<uint64_t> hashes;
  ForEach(address, [&](uint64_t other) {
    if (other != hash) hashes.push_back(other);
  });
  if (hashes.size() > 1) {
    several_.Put(address, Several{address, std::move(hashes)});
    return;
  }
  Set(address, hashes.empty() ? kNone : hashes[0]);
  several_.Erase(base::HashOf(address), address);
}

void AddressIndex::Set(const base::IpAddress& address, uint64_t value) {
  const auto set = [value](auto& map, const auto& octets) {
    if (value == kNone) {
      map.Erase(base::HashOf(octets), octets);
      return;
    }
    std::array<uint32_t, 2> packed;
    std::memcpy(packed.data(), &value, sizeof(value));
    map.Put(octets, {octets, packed});
  };
  if (address.is_v4()) {
    set(ipv4_, address.v4());
  } else {
    set(ipv6_, address.v6());
  }
}

}  // namespace podnamed::state
