// A cluster made from a fuzzer's octets: whatever they are, it keeps the promises of server/state/entities.h, as what
// comes out of the feed's decoder does. Labels come from a short list of those that are easily taken for each other, so
// that names meet; a little change of the octets is a little change of the cluster.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/dns/name.h"
#include "server/resolve/resolver.h"
#include "server/state/delta.h"

namespace podnamed::fuzz {

// The input, octet by octet; zeros without end behind it.
class Octets {
 public:
  Octets(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  uint8_t Take();
  // Less than `count`, which is at most 256.
  size_t TakeBelow(size_t count) { return Take() % count; }
  uint16_t TakeU16() {
    const int high = Take() << 8;
    return static_cast<uint16_t>(high | Take());
  }
  // At most `count` octets.
  std::string_view Take(size_t count);
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

struct Cluster {
  bool is_synced = true;
  resolve::ResolverOptions options;
  std::vector<state::Op> ops;
  // Names that its entities have, would have if they were ready or if their kind allowed it, and those of the zones
  // themselves; in wire form and lower case.
  std::vector<dns::Name> names;
};

Cluster TakeCluster(Octets& octets);

// A label as any of the cluster's names is made of.
std::string_view TakeLabel(Octets& octets);

}  // namespace podnamed::fuzz
