// Networks: an address and how many of its leading bits count. Values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "server/base/ip_address.h"

namespace podnamed::base {

class IpNetwork {
 public:
  // The bits of `address` behind the prefix do not count. REQUIRES: prefix <= 32 for IPv4, 128 for IPv6.
  IpNetwork(const IpAddress& address, uint8_t prefix);

  const IpAddress& address() const { return address_; }  // its first one
  uint8_t prefix() const { return prefix_; }             // bits
  bool Contains(const IpAddress& address) const;
  // "10.0.0.0/8".
  std::string ToString() const;

  friend bool operator==(const IpNetwork&, const IpNetwork&) = default;

 private:
  IpAddress address_;
  uint8_t prefix_;
};

// "10.0.0.0/8", "fd00::/8"; an address alone is a network of one. std::nullopt if the text is neither.
std::optional<IpNetwork> ParseIpNetwork(std::string_view text);

// Many networks, and whether one of them contains an address: a look for each length of prefix that occurs.
class IpNetworkSet {
 public:
  IpNetworkSet() = default;
  explicit IpNetworkSet(const std::vector<IpNetwork>& networks);

  bool Contains(const IpAddress& address) const;

 private:
  struct Group {
    bool is_v4;
    uint8_t prefix;
    absl::flat_hash_set<IpAddress> addresses;  // the first of each network
  };
  std::vector<Group> groups_;
};

}  // namespace podnamed::base
