#include "server/net/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace podnamed::net {

Peer ToPeer(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof(v4));
    base::Ipv4Address octets;
    std::memcpy(octets.data(), &v4.sin_addr, octets.size());
    return {base::IpAddress(octets), ntohs(v4.sin_port)};
  }
  sockaddr_in6 v6;
  std::memcpy(&v6, &address, sizeof(v6));
  const uint16_t port = ntohs(v6.sin6_port);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    base::Ipv4Address octets;
    std::memcpy(octets.data(), &v6.sin6_addr.s6_addr[12], octets.size());
    return {base::IpAddress(octets), port};
  }
  base::Ipv6Address octets;
  std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
  return {base::IpAddress(octets), port};
}

}  // namespace podnamed::net
