#include "server/host_addresses.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace podnamed {

std::vector<base::IpAddress> HostAddresses() {
  std::vector<base::IpAddress> addresses;
  ifaddrs* interfaces = nullptr;
  if (getifaddrs(&interfaces) != 0) return addresses;  // the records are then missing, nothing else
  for (const ifaddrs* entry = interfaces; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0 || (entry->ifa_flags & IFF_LOOPBACK) != 0) {
      continue;
    }
    if (entry->ifa_addr->sa_family == AF_INET) {
      base::Ipv4Address v4;
      std::memcpy(v4.data(), &reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr, v4.size());
      if (v4[0] != 169 || v4[1] != 254) addresses.emplace_back(v4);
    } else if (entry->ifa_addr->sa_family == AF_INET6) {
      const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr)->sin6_addr;
      base::Ipv6Address v6;
      std::memcpy(v6.data(), &address, v6.size());
      if (!IN6_IS_ADDR_LINKLOCAL(&address)) addresses.emplace_back(v6);
    }
  }
  freeifaddrs(interfaces);
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

}  // namespace podnamed
