#include "config/server_keys.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "config/error_list.h"
#include "config/number.h"
#include "config/position.h"
#include "config/suggest.h"
#include "server/base/ip_address.h"
#include "server/base/status.h"

namespace podnamed::config {
namespace {

constexpr uint16_t kTlsPort = 853;  // RFC 7858 section 3.1

struct Network {
  base::IpAddress address;
  size_t prefix;
};

// std::nullopt if the text is not written like a network: it may be a name then, such as a classless delegation's
// "0/25.2.0.192.in-addr.arpa" (RFC 2317).
absl::StatusOr<std::optional<Network>> ParseNetwork(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string_view before = text.substr(0, slash);
  const std::optional<base::IpAddress> address = base::ParseIpAddress(before);
  if (slash == std::string_view::npos) {
    if (!address) return std::nullopt;
    return Wrong("{} is an address; expected a domain name, or a network (\"{}/{}\")", Quoted(text), text,
                 address->is_v4() ? 32 : 128);
  }
  const std::string_view after = text.substr(slash + 1);
  const bool is_name = !address && before.find(':') == std::string_view::npos &&
                       (before.find_first_not_of("0123456789.") != std::string_view::npos ||
                        after.find_first_not_of("0123456789") != std::string_view::npos);
  if (is_name) return std::nullopt;
  const std::optional<uint32_t> prefix = ParseNumber(after, address && !address->is_v4() ? 128 : 32);
  if (!address || !prefix) {
    return Wrong("{} is no network; expected ADDRESS/PREFIX, such as \"10.0.0.0/16\" or \"fd00::/8\"", Quoted(text));
  }
  return Network{*address, *prefix};
}

// One label of the reverse tree per octet (RFC 1035 section 3.5) or nibble (RFC 3596 section 2.5), the last one first.
std::string ReverseZoneText(const std::vector<unsigned>& digits, size_t count, bool is_v4) {
  std::string text = is_v4 ? "in-addr.arpa." : "ip6.arpa.";
  for (size_t i = 0; i < count; ++i) {
    text = is_v4 ? fmt::format("{}.{}", digits[i], text) : fmt::format("{:x}.{}", digits[i], text);
  }
  return text;
}

absl::StatusOr<std::vector<dns::Name>> ReverseZones(const Network& network) {
  const bool is_v4 = network.address.is_v4();
  const size_t bits_per_label = is_v4 ? 8 : 4;
  std::vector<unsigned> digits;
  if (is_v4) {
    const base::Ipv4Address octets = network.address.v4();
    digits.assign(octets.begin(), octets.end());
  } else {
    for (const uint8_t octet : network.address.v6()) {
      digits.push_back(octet >> 4U);
      digits.push_back(octet & 0x0fU);
    }
  }
  const size_t label_count = (network.prefix + bits_per_label - 1) / bits_per_label;
  const size_t free_bits = label_count * bits_per_label - network.prefix;  // of the last label
  std::vector<dns::Name> zones;
  for (unsigned i = 0; i < (1U << free_bits); ++i) {
    if (label_count > 0) {
      unsigned& last = digits[label_count - 1];
      last = (last >> free_bits << free_bits) | i;
    }
    ASSIGN_OR_RETURN(dns::Name zone, dns::Name::FromText(ReverseZoneText(digits, label_count, is_v4)));
    zones.push_back(std::move(zone));
  }
  return zones;
}

// "dns" or "tls", which is taken from the front of the key.
absl::StatusOr<std::string> TakeScheme(std::string_view& key) {
  const size_t end = key.find("://");
  if (end == std::string_view::npos) return "dns";
  const std::string scheme = absl::AsciiStrToLower(std::string(key.substr(0, end)));
  key.remove_prefix(end + 3);
  if (scheme == "dns" || scheme == "tls") return scheme;
  static constexpr std::string_view kOthers[] = {"https", "https3", "quic", "grpc"};
  for (const std::string_view other : kOthers) {
    if (scheme != other) continue;
    return Wrong("\"{}://\" is known to CoreDNS, not supported by podnamed; expected \"dns://\" or \"tls://\"", other);
  }
  return Wrong("unknown scheme {}; expected \"dns://\", \"tls://\" or none{}", Quoted(scheme),
               DidYouMean(scheme, {"dns", "tls"}));
}

}  // namespace

std::string ServerKey::ToText() const { return fmt::format("{}{}:{}", is_tls ? "tls://" : "", zone.ToText(), port); }

absl::StatusOr<std::vector<dns::Name>> ParseZone(std::string_view text) {
  ASSIGN_OR_RETURN(const std::optional<Network> network, ParseNetwork(text));
  if (network) return ReverseZones(*network);
  // A name may hold any octet, but these are a slip: a port in the wrong place, a snippet among zones.
  if (text.empty() || text.find_first_of(":()") != std::string_view::npos) {
    return Wrong("zone {} is no domain name; expected one such as \"cluster.local\" or \".\"", Quoted(text));
  }
  const absl::StatusOr<dns::Name> zone = dns::Name::FromText(text);
  if (!zone.ok()) {
    return Wrong("zone {}; expected a domain name such as \"cluster.local\" or \".\"",
                 std::string(zone.status().message()));
  }
  return std::vector<dns::Name>{zone->Folded()};
}

absl::StatusOr<std::vector<ServerKey>> ParseServerKey(std::string_view text, uint16_t default_port) {
  std::string_view zone_text = text;
  ASSIGN_OR_RETURN(const std::string scheme, TakeScheme(zone_text));
  const bool is_tls = scheme == "tls";
  uint16_t port = is_tls ? kTlsPort : default_port;
  // A network has its prefix before the port, so "fd00::/8" has none.
  const size_t colon = zone_text.rfind(':');
  if (colon != std::string_view::npos && zone_text.find('/', colon) == std::string_view::npos) {
    const std::optional<uint32_t> number = ParseNumber(zone_text.substr(colon + 1), 65535);
    if (!number) return Wrong("port {} is none; expected 0 to 65535", Quoted(zone_text.substr(colon + 1)));
    port = static_cast<uint16_t>(*number);
    zone_text = zone_text.substr(0, colon);
    if (zone_text.empty()) zone_text = ".";
  }
  ASSIGN_OR_RETURN(const std::vector<dns::Name> zones, ParseZone(zone_text));
  std::vector<ServerKey> keys;
  for (const dns::Name& zone : zones) keys.push_back({.zone = zone, .port = port, .is_tls = is_tls});
  return keys;
}

}  // namespace podnamed::config
