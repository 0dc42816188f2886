// Names below in-addr.arpa and ip6.arpa (RFC 1035 section 3.5, RFC 3596 section 2.5): the address that one stands for.
// Pure.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "server/base/ip_address.h"
#include "server/dns/name.h"

namespace podnamed::resolve {

struct ReverseName {
  enum class Kind : uint8_t {
    kAddress,  // a whole address
    kPart,     // the leading octets or nibbles of one: a node of the tree with addresses below
    kNothing,  // no part of any address
  };
  Kind kind = Kind::kNothing;
  base::IpAddress address;  // kAddress
};

// True for zones below which names are addresses. `zone` is folded wire form.
bool IsReverseZone(const dns::Name& zone);

// REQUIRES: the name is at or below a reverse zone.
ReverseName ParseReverseName(const dns::QueryName& name);

// The label of an endpoint without a hostname (CoreDNS): "10-0-0-7", "fd00--7"; an IPv6 address that would end in a
// dash gets a 0. In wire form: length octet first.
using DashedLabel = std::array<char, 40>;
DashedLabel MakeDashedLabel(const base::IpAddress& address);
inline std::string_view WireOf(const DashedLabel& label) { return {label.data(), static_cast<size_t>(label[0]) + 1}; }
// The address that such a label (text) stands for; std::nullopt unless MakeDashedLabel would write just this.
std::optional<base::IpAddress> ParseDashedLabel(std::string_view label);
// The same in any spelling: three dashes, none beside another, are the dots of IPv4, else each is a colon.
std::optional<base::IpAddress> ParseDashedAddress(std::string_view label);

}  // namespace podnamed::resolve
