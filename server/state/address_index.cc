#include "server/state/address_index.h"

namespace podnamed::state {

void AddressIndex::Add(const base::IpAddress& address, uint64_t service_hash) {
  std::vector<uint64_t> hashes;
  ForEach(address, [&](uint64_t hash) { hashes.push_back(hash); });
  if (hashes.empty()) {
    Set(address, service_hash);
    return;
  }
  hashes.push_back(service_hash);
  several_.Put(address, Several{address, std::move(hashes)});
  Set(address, kSeveral);
}

void AddressIndex::Remove(const base::IpAddress& address, uint64_t service_hash) {
  std::vector<uint64_t> hashes;
  ForEach(address, [&](uint64_t hash) {
    if (hash != service_hash) hashes.push_back(hash);
  });
  if (hashes.size() > 1) {
    several_.Put(address, Several{address, std::move(hashes)});
    return;
  }
  Set(address, hashes.empty() ? kNone : hashes[0]);
  several_.Erase(absl::HashOf(address), address);
}

void AddressIndex::Set(const base::IpAddress& address, uint64_t value) {
  const auto set = [value](auto& map, const auto& octets) {
    if (value == kNone) {
      map.Erase(absl::HashOf(octets), octets);
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
