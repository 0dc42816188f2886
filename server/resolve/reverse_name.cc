#include "server/resolve/reverse_name.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace podnamed::resolve {
namespace {

using Kind = ReverseName::Kind;

constexpr std::string_view kIpv4Tree("\7in-addr\4arpa\0", 14);
constexpr std::string_view kIpv6Tree("\3ip6\4arpa\0", 10);
constexpr size_t kTreeLabels = 2;
constexpr size_t kOctets = 4;
constexpr size_t kNibbles = 32;

// A decimal octet without leading zeros.
std::optional<uint8_t> ParseOctet(std::string_view label) {
  if (label.empty() || label.size() > 3 || (label.size() > 1 && label[0] == '0')) return std::nullopt;
  unsigned value = 0;
  for (const char digit : label) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(digit - '0');
  }
  if (value > 255) return std::nullopt;
  return static_cast<uint8_t>(value);
}

// One hexadecimal digit; the name is folded.
std::optional<uint8_t> ParseNibble(std::string_view label) {
  if (label.size() != 1) return std::nullopt;
  if (label[0] >= '0' && label[0] <= '9') return static_cast<uint8_t>(label[0] - '0');
  if (label[0] >= 'a' && label[0] <= 'f') return static_cast<uint8_t>(label[0] - 'a' + 10);
  return std::nullopt;
}

}  // namespace

bool IsReverseZone(const dns::Name& zone) {
  static_assert(kIpv4Tree.size() == 14 && kIpv6Tree.size() == 10);
  const auto is_below = [&zone](std::string_view tree) { return zone.IsAtOrBelow(dns::Name::FromWire(tree)); };
  return is_below(kIpv4Tree) || is_below(kIpv6Tree);
}

ReverseName ParseReverseName(const dns::QueryName& name) {
  const size_t count = name.label_count() - kTreeLabels;
  const auto label = [&](size_t i) { return name.label(count - 1 - i); };  // the most significant first
  ReverseName parsed;
  if (name.folded().ends_with(kIpv4Tree)) {
    base::Ipv4Address address{};
    if (count > kOctets) return parsed;
    for (size_t i = 0; i < count; ++i) {
      const std::optional<uint8_t> octet = ParseOctet(label(i));
      if (!octet.has_value()) return parsed;
      address[i] = *octet;
    }
    parsed.kind = count == kOctets ? Kind::kAddress : Kind::kPart;
    parsed.address = base::IpAddress(address);
    return parsed;
  }
  base::Ipv6Address address{};
  if (count > kNibbles) return parsed;
  for (size_t i = 0; i < count; ++i) {
    const std::optional<uint8_t> nibble = ParseNibble(label(i));
    if (!nibble.has_value()) return parsed;
    address[i / 2] = static_cast<uint8_t>(address[i / 2] | (i % 2 == 0 ? *nibble << 4 : *nibble));
  }
  parsed.kind = count == kNibbles ? Kind::kAddress : Kind::kPart;
  parsed.address = base::IpAddress(address);
  return parsed;
}

DashedLabel MakeDashedLabel(const base::IpAddress& address) {
  char text[INET6_ADDRSTRLEN + 1] = {};
  if (address.is_v4()) {
    const base::Ipv4Address v4 = address.v4();
    inet_ntop(AF_INET, v4.data(), text, INET6_ADDRSTRLEN);
  } else {
    inet_ntop(AF_INET6, address.v6().data(), text, INET6_ADDRSTRLEN);
  }
  size_t length = std::strlen(text);
  std::replace_if(text, text + length, [](char c) { return c == '.' || c == ':'; }, '-');
  if (text[length - 1] == '-') text[length++] = '0';
  DashedLabel label{};
  label[0] = static_cast<char>(length);
  std::copy(text, text + length, label.begin() + 1);
  return label;
}

std::optional<base::IpAddress> ParseDashedLabel(std::string_view label) {
  const std::optional<base::IpAddress> address = ParseDashedAddress(label);
  // One spelling of an address is a name, the others are not.
  if (!address.has_value() || WireOf(MakeDashedLabel(*address)).substr(1) != label) return std::nullopt;
  return address;
}

std::optional<base::IpAddress> ParseDashedAddress(std::string_view label) {
  char text[INET6_ADDRSTRLEN] = {};
  if (label.size() >= sizeof(text) || label.find('\0') != std::string_view::npos) return std::nullopt;
  const bool is_v4 = std::count(label.begin(), label.end(), '-') == 3 && label.find("--") == std::string_view::npos;
  std::replace_copy(label.begin(), label.end(), text, '-', is_v4 ? '.' : ':');
  base::Ipv4Address v4;
  base::Ipv6Address v6;
  if (is_v4 && inet_pton(AF_INET, text, v4.data()) == 1) return base::IpAddress(v4);
  if (!is_v4 && inet_pton(AF_INET6, text, v6.data()) == 1) return base::IpAddress(v6);
  return std::nullopt;
}

}  // namespace podnamed::resolve
