// What does the cluster answer? Pure: a question and a snapshot in, an answer out; no bytes, no waiting, no state of
// its own but its options. Immutable after construction; any thread.
//
// Follows the Kubernetes DNS specification 1.1.0 and what CoreDNS's kubernetes plugin has taught clients to expect.
// Where CoreDNS says NXDOMAIN of a name that has others below it (_tcp.nginx.default.svc.Z, dns.Z) this says NODATA:
// RFC 8020 lets a resolver conclude from NXDOMAIN that nothing is below.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/random/bit_gen_ref.h"
#include "server/base/ip_address.h"
#include "server/dns/name.h"
#include "server/dns/types.h"
#include "server/resolve/answer.h"
#include "server/state/snapshot.h"

namespace podnamed::resolve {

struct ResolverOptions {
  std::vector<dns::Name>
      zones;         // folded; names of services below the forward ones, of addresses below the reverse ones
  uint32_t ttl = 5;  // seconds; of every record but the version and the SOA of negative answers
  // Where the name server itself is reached: the addresses of ns.dns.Z.
  std::vector<base::Ipv4Address> server_ipv4;
  std::vector<base::Ipv6Address> server_ipv6;
};

class Resolver {
 public:
  explicit Resolver(ResolverOptions options);

  // Answers (name, type) in class IN from `snapshot` (nullptr: nothing known yet) into `answer`, which must be clear;
  // `answer` points into name, snapshot and this. The addresses of a service come in random order, every order equally
  // likely; its SRV records in the order of the pods' ordinals.
  void Resolve(const dns::QueryName& name, dns::RecordType type, const state::Snapshot* snapshot,
               absl::BitGenRef random, Answer& answer) const;

 private:
  struct Zone {
    dns::Name name;
    bool is_reverse = false;
  };

  std::vector<Zone> zones_;  // longest first
  ResolverOptions options_;
  // The tail of every service's name in the first forward zone, for answers from a reverse zone: "\3svc" and the zone.
  std::string reverse_target_;
};

}  // namespace podnamed::resolve
