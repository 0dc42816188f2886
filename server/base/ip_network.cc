#include "server/base/ip_network.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>

namespace podnamed::base {
namespace {

// The address with all bits behind the first `prefix` zero.
IpAddress FirstOf(const IpAddress& address, uint8_t prefix) {
  const auto mask = [prefix](auto octets) {
    for (size_t i = prefix / size_t{8}; i < octets.size(); ++i) {
      const unsigned kept = i == prefix / size_t{8} ? prefix % 8U : 0;
      octets[i] = static_cast<uint8_t>(octets[i] & (0xFF00U >> kept));
    }
    return IpAddress(octets);
  };
  return address.is_v4() ? mask(address.v4()) : mask(address.v6());
}

}  // namespace

IpNetwork::IpNetwork(const IpAddress& address, uint8_t prefix) : address_(FirstOf(address, prefix)), prefix_(prefix) {}

bool IpNetwork::Contains(const IpAddress& address) const {
  return address.is_v4() == address_.is_v4() && FirstOf(address, prefix_) == address_;
}

std::string IpNetwork::ToString() const { return address_.ToString() + "/" + std::to_string(prefix_); }

std::optional<IpNetwork> ParseIpNetwork(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<IpAddress> address = ParseIpAddress(text.substr(0, slash));
  if (!address) return std::nullopt;
  const uint8_t longest = address->is_v4() ? 32 : 128;
  if (slash == std::string_view::npos) return IpNetwork(*address, longest);
  uint8_t prefix = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + slash + 1, end, prefix);
  if (error != std::errc() || stop != end || prefix > longest) return std::nullopt;
  return IpNetwork(*address, prefix);
}

IpNetworkSet::IpNetworkSet(const std::vector<IpNetwork>& networks) {
  for (const IpNetwork& network : networks) {
    const bool is_v4 = network.address().is_v4();
    auto group = std::find_if(groups_.begin(), groups_.end(), [&](const Group& other) {
      return other.is_v4 == is_v4 && other.prefix == network.prefix();
    });
    if (group == groups_.end()) group = groups_.insert(groups_.end(), {is_v4, network.prefix(), {}});
    group->addresses.insert(network.address());
  }
}

bool IpNetworkSet::Contains(const IpAddress& address) const {
  return std::any_of(groups_.begin(), groups_.end(), [&](const Group& group) {
    return group.is_v4 == address.is_v4() && group.addresses.contains(FirstOf(address, group.prefix));
  });
}

}  // namespace podnamed::base
