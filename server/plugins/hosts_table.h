// Names and addresses as /etc/hosts has them, laid out for answering. Immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "absl/types/span.h"
#include "config/options.h"
#include "server/base/ip_address.h"
#include "server/dns/name.h"

namespace podnamed::plugins {

class HostsTable {
 public:
  struct Addresses {
    std::vector<base::Ipv4Address> ipv4;
    std::vector<base::Ipv6Address> ipv6;
  };

  // What the file says, and behind it the lines of the Corefile. Lines that name no address are passed over, as in
  // CoreDNS, and so are names that cannot be, or lie outside of the zones.
  HostsTable(const config::HostsOptions& options, std::string_view file);
  HostsTable(const HostsTable&) = delete;
  HostsTable& operator=(const HostsTable&) = delete;

  size_t name_count() const { return by_name_.size(); }
  // Each name's addresses, and each address's names, as CoreDNS counts them.
  size_t entry_count() const;
  // Those of the name, or else of "*" in place of its first label; nullptr if there are none.
  const Addresses* FindName(const dns::QueryName& name) const;
  // The names that stand with an address, but for those with a "*"; as long as the table lives.
  absl::Span<const dns::NamePieces> FindAddress(const base::IpAddress& address) const;

 private:
  void AddLine(std::string_view line, const config::HostsOptions& options);
  void Add(const base::IpAddress& address, const dns::Name& name, const config::HostsOptions& options);

  absl::node_hash_map<std::string, Addresses> by_name_;  // in wire form, folded; keys stay where they are
  absl::flat_hash_map<base::IpAddress, std::vector<dns::NamePieces>> by_address_;
  bool has_wildcards_ = false;
};

}  // namespace podnamed::plugins
