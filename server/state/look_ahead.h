// What a batch of queries is about to look up in a snapshot, asked of memory for all of them at once. The way to a pod
// leads over half a dozen lines of memory, each known when the one before has been read, and none of them in the
// processor's caches in a big cluster. One query after another waits for each of its lines; a batch that takes every
// step for all its queries before the next step waits for hardly more than one query's (group prefetching: Chen et al.,
// ACM TODS 2007). It changes nothing but time: a lookup that was not expected, or that leads elsewhere, is as right.
//
// One thread. The snapshot must live until Fetch has returned.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>

#include "server/base/ip_address.h"
#include "server/state/snapshot.h"

namespace podnamed::state {

class LookAhead {
 public:
  // More than so many at a time are not looked at: what is asked for must still be there when it is used.
  static constexpr size_t kMost = 32;

  // A service is going to be looked up; and in it, where `label` is not empty, those who bear that label.
  void ExpectService(const Snapshot& snapshot, std::string_view namespace_name, std::string_view service,
                     bool clusterset, std::string_view label);
  // Who has this address is going to be looked up.
  void ExpectAddress(const Snapshot& snapshot, const base::IpAddress& address);

  // Asks for all that is expected, and expects nothing then. Returns how many of them lead to something: a service, and
  // in it, where one is sought, an identity. Names are not compared: what is not there may lead to something else.
  size_t Fetch();

 private:
  // One lookup on its way: to who has the address, to the service, to what it has of the key.
  class Lookup {
   public:
    Lookup() = default;
    Lookup(const Snapshot& snapshot, uint64_t service, std::optional<uint32_t> key)
        : snapshot_(&snapshot), key_(key), way_(std::in_place_type<ToService>, snapshot.services_, service) {}
    Lookup(const Snapshot& snapshot, const base::IpAddress& address)
        : snapshot_(&snapshot),
          key_(ServiceBlock::KeyOf(address)),
          way_(std::in_place_type<ToAddress>, snapshot.addresses_, address) {}

    // False when it is there.
    bool Step();
    bool leads_to_something() const;

   private:
    using ToAddress = AddressIndex::Approach;
    using ToService = decltype(Snapshot::services_)::Approach;

    const Snapshot* snapshot_ = nullptr;
    std::optional<uint32_t> key_;
    bool is_at_end_ = false;  // of its way: what lies there is read in the next step
    std::variant<std::monostate, ToAddress, ToService, ServiceBlock::Approach> way_;
  };

  std::array<Lookup, kMost> lookups_;
  size_t count_ = 0;
};

}  // namespace podnamed::state
