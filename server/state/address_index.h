// Who knows an address: by address, the hashes of the service blocks that have it as a cluster IP, from outside or on
// an identity, and of the pods without a service that have it. Copy-on-write like the snapshot that holds it; 12 bytes
// for an IPv4 address that one knows, which nearly all are. Hashes, not pointers: a block is replaced with every change
// in its service, its hash stays. Threads as base::CowMap.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <variant>
#include <vector>

#include "absl/types/span.h"
#include "server/base/cow_map.h"
#include "server/base/hash.h"
#include "server/base/ip_address.h"

namespace podnamed::state {

class AddressIndex {
 public:
  // Calls visit(hash) for each that knows `address`, in no promised order.
  template <typename Visit>
  void ForEach(const base::IpAddress& address, Visit visit) const {
    const uint64_t single = address.is_v4() ? Lookup(ipv4_, address.v4()) : Lookup(ipv6_, address.v6());
    if (single == kNone) return;
    if (single != kSeveral) {
      visit(single);
      return;
    }
    for (const uint64_t hash : several_.Find(base::HashOf(address), address)->hashes) visit(hash);
  }

  // ForEach in steps (base::CowMap::Approach).
  class Approach;

  // Asks memory for what is read when these are looked up or changed, for all of them at once; of many, for the first.
  void Prefetch(absl::Span<const base::IpAddress> addresses) const;

  // Each names an address once. REQUIRES: hash > kSeveral; Remove: it was added.
  void Add(const base::IpAddress& address, uint64_t hash);
  void Remove(const base::IpAddress& address, uint64_t hash);

  size_t size() const { return ipv4_.size() + ipv6_.size(); }

  static constexpr uint64_t kNone = 0;
  static constexpr uint64_t kSeveral = 1;

 private:
  template <typename Address>
  struct Entry {
    Address address;
    std::array<uint32_t, 2> hash;  // a uint64_t that asks for no alignment
  };
  template <typename Address>
  struct EntryTraits {
    static uint64_t Hash(const Entry<Address>& entry) { return base::HashOf(entry.address); }
    static bool Equal(const Entry<Address>& entry, const Address& address) { return entry.address == address; }
  };
  template <typename Address>
  using Map = base::CowMap<Entry<Address>, EntryTraits<Address>>;

  struct Several {
    base::IpAddress address;
    std::vector<uint64_t> hashes;
  };
  struct SeveralTraits {
    static uint64_t Hash(const Several& entry) { return base::HashOf(entry.address); }
    static bool Equal(const Several& entry, const base::IpAddress& address) { return entry.address == address; }
  };

  template <typename Address>
  static uint64_t Lookup(const Map<Address>& map, const Address& address) {
    const auto* entry = map.Find(base::HashOf(address), address);
    return entry == nullptr ? kNone : HashIn(*entry);
  }
  template <typename Address>
  static uint64_t HashIn(const Entry<Address>& entry) {
    uint64_t hash;
    std::memcpy(&hash, entry.hash.data(), sizeof(hash));
    return hash;
  }
  // Sets what ForEach reads first: a hash, kSeveral, or kNone to remove the entry.
  void Set(const base::IpAddress& address, uint64_t value);

  Map<base::Ipv4Address> ipv4_;
  Map<base::Ipv6Address> ipv6_;
  base::CowMap<Several, SeveralTraits> several_;
};

class AddressIndex::Approach {
 public:
  Approach(const AddressIndex& index, const base::IpAddress& address) {
    if (address.is_v4()) {
      way_.emplace<Map<base::Ipv4Address>::Approach>(index.ipv4_, base::HashOf(address.v4()));
    } else {
      way_.emplace<Map<base::Ipv6Address>::Approach>(index.ipv6_, base::HashOf(address.v6()));
    }
  }

  // False at the end of the way.
  bool Step() {
    return std::visit([](auto& way) { return way.Step(); }, way_);
  }

  // One step after the end: the hash of the one that knows the address (or another that lies where it would); kNone or
  // kSeveral if there is no such one.
  uint64_t hash() const {
    return std::visit([](const auto& way) { return way.entry() == nullptr ? kNone : HashIn(*way.entry()); }, way_);
  }

 private:
  std::variant<Map<base::Ipv4Address>::Approach, Map<base::Ipv6Address>::Approach> way_;
};

}  // namespace podnamed::state
