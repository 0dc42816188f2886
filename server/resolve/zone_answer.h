// What answers of every zone have in common: the apex, the SOA of negative ones, sets of addresses. The forward and the
// reverse tree build on it. One object a question; pure.
#pragma once

#include <string_view>

#include "absl/random/bit_gen_ref.h"
#include "absl/types/span.h"
#include "server/base/ip_address.h"
#include "server/dns/name.h"
#include "server/dns/types.h"
#include "server/resolve/answer.h"
#include "server/resolve/cluster_view.h"

namespace podnamed::resolve {

// A question at or below a zone of ours.
struct ZoneQuestion {
  const dns::QueryName& name;
  size_t above;  // labels of the name in front of the zone
  dns::RecordType type;
  dns::NamePieces owner;  // of the answer's records: the name, unless a short form of it was asked for
  size_t reply_limit;     // octets
};

class ZoneAnswer {
 protected:
  // All must outlive this.
  ZoneAnswer(const ZoneQuestion& question, const ClusterView& view, absl::BitGenRef random, Answer& answer)
      : question_(question),
        view_(view),
        random_(random),
        answer_(answer),
        zone_(question.name.from_label(question.above)) {}
  ~ZoneAnswer() = default;

  dns::RecordType type() const { return question_.type; }
  uint32_t ttl() const { return view_.options().ttl; }

  // The zone's own name: SOA and NS, which names the server in `server_zone`.
  Outcome AtApex(std::string_view server_zone);
  // The name of the server itself.
  Outcome AtServer();

  // The asked family, as it is. The other family on an existing name is NODATA, never NXDOMAIN.
  Outcome WithAddresses(absl::Span<const base::Ipv4Address> ipv4, absl::Span<const base::Ipv6Address> ipv6);
  // Puts those of the asked family into the answer's scratch, for ShuffledAddresses.
  void Collect(absl::Span<const base::Ipv4Address> ipv4, absl::Span<const base::Ipv6Address> ipv6);
  // The collected ones, each order equally likely; of many, as many as more than fill the reply.
  Outcome ShuffledAddresses();
  void RemoveDuplicates();

  // A set of the answer section with the zone's TTL.
  void Add(const dns::Rdata& rdata, const dns::NamePieces& owner, dns::RecordType type) {
    answer_.answer.push_back({owner, type, ttl(), rdata});
  }
  // RFC 2308: a negative answer carries the zone's SOA.
  void AddNegativeSoa() {
    if (answer_.outcome == Outcome::kNoData || answer_.outcome == Outcome::kNxDomain) AddSoa(answer_.authority);
  }

  const ZoneQuestion& question_;
  const ClusterView& view_;
  absl::BitGenRef random_;
  Answer& answer_;
  const std::string_view zone_;  // in the query's letters

 private:
  void AddSoa(std::vector<dns::RecordSet>& section);
  bool IsExternal() const { return view_.options().external.has_value(); }
  dns::NamePieces ServerName(std::string_view zone) const;
  dns::NamePieces HostmasterName() const;
  // Puts the addresses of services that lead here from outside into the answer's scratch.
  void CollectExternalServers();
  struct Addresses {
    absl::Span<const base::Ipv4Address> ipv4;
    absl::Span<const base::Ipv6Address> ipv6;
  };
  // Of the name server.
  Addresses ServerAddresses();
};

}  // namespace podnamed::resolve
