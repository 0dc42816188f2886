// What the cluster answers to a question: an outcome and record sets, no bytes. One object per worker, used again for
// every query, so that its vectors keep their memory; what it holds points into the query, the snapshot, the
// configuration and its own scratch, and is good until the next Clear.
#pragma once

#include <vector>

#include "server/base/ip_address.h"
#include "server/dns/record.h"
#include "server/dns/types.h"
#include "server/resolve/reverse_name.h"

namespace podnamed::resolve {

enum class Outcome : uint8_t {
  kAnswer,     // records of the type, or a CNAME
  kNoData,     // the name exists, or something below it does; the type does not
  kNxDomain,   // the name does not exist
  kNotSynced,  // nothing is known of the cluster yet: never say that a name does not exist
  kNotOurs,    // no zone of ours holds the name: the next plugin may know it
  kRefused,    // no server block serves the name, or not for this class
};

struct Answer {
  Outcome outcome = Outcome::kNotOurs;
  std::vector<dns::RecordSet> answer;
  std::vector<dns::RecordSet> authority;
  std::vector<dns::RecordSet> additional;

  // What the sets above point to where nobody else holds it.
  std::vector<base::Ipv4Address> ipv4;
  std::vector<base::Ipv6Address> ipv6;
  std::vector<dns::SrvData> srv;
  std::vector<dns::NamePieces> names;
  std::vector<DashedLabel> labels;

  // The addresses that a client will ask for next, if there are any.
  void AddAdditional(const dns::NamePieces& owner, uint32_t ttl, absl::Span<const base::Ipv4Address> a,
                     absl::Span<const base::Ipv6Address> aaaa) {
    if (!a.empty()) additional.push_back({owner, dns::RecordType::kA, ttl, a});
    if (!aaaa.empty()) additional.push_back({owner, dns::RecordType::kAaaa, ttl, aaaa});
  }

  void Clear() {
    outcome = Outcome::kNotOurs;
    answer.clear();
    authority.clear();
    additional.clear();
    ipv4.clear();
    ipv6.clear();
    srv.clear();
    names.clear();
    labels.clear();
  }
};

// The one place where an outcome becomes an rcode.
inline dns::Rcode RcodeOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAnswer:
    case Outcome::kNoData:
      return dns::Rcode::kNoError;
    case Outcome::kNxDomain:
      return dns::Rcode::kNxDomain;
    case Outcome::kRefused:
      return dns::Rcode::kRefused;
    case Outcome::kNotSynced:
    case Outcome::kNotOurs:  // no plugin knew it: CoreDNS's "no next plugin found"
      return dns::Rcode::kServFail;
  }
  return dns::Rcode::kServFail;
}

}  // namespace podnamed::resolve
