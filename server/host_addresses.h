// The addresses under which this host is reached, for the name server's own records (ns.dns.Z).
#pragma once

#include <vector>

#include "server/base/ip_address.h"

namespace podnamed {

// Of the interfaces that are up, without loopback and link-local addresses: a client elsewhere cannot use those.
std::vector<base::IpAddress> HostAddresses();

}  // namespace podnamed
