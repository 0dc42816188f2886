// What does the cluster answer? Pure: a question and a snapshot in, an answer out; no bytes, no waiting, no state of
// its own but its options. Immutable after construction; any thread.
//
// Follows the Kubernetes DNS specification 1.1.0 and what CoreDNS's kubernetes plugin has taught clients to expect.
// Where it differs from CoreDNS, docs/conformance.md says why.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/random/bit_gen_ref.h"
#include "server/base/ip_address.h"
#include "server/dns/name.h"
#include "server/dns/types.h"
#include "server/resolve/answer.h"
#include "server/resolve/cluster_view.h"
#include "server/resolve/forward_answer.h"
#include "server/resolve/options.h"
#include "server/state/look_ahead.h"
#include "server/state/snapshot.h"

namespace podnamed::resolve {

struct Question {
  const dns::QueryName& name;
  dns::RecordType type;
  base::IpAddress client;
  bool wants_reason = false;                    // the client can read one
  size_t reply_limit = dns::kMaxMessageLength;  // octets: what cannot fit need not be found
};

class Resolver {
 public:
  explicit Resolver(ResolverOptions options);

  const ResolverOptions& options() const { return options_; }
  // The zones for names, longest first.
  const std::vector<ForwardZone>& forward_zones() const { return forward_zones_; }

  // What `name` will be answered from is going to be looked up in `snapshot`.
  void LookAhead(const dns::QueryName& name, const state::Snapshot& snapshot, state::LookAhead& ahead) const;

  // Answers in class IN from `snapshot` (nullptr: nothing known yet) into `answer`, which must be clear; `answer`
  // points into the question's name, the snapshot and this. `stale_seconds`: for how long nothing has been heard of the
  // cluster, 0 while that is no news. The addresses of a service come in random order, every order equally likely; its
  // SRV records in the order of the pods' ordinals.
  void Resolve(const Question& question, const state::Snapshot* snapshot, uint32_t stale_seconds,
               absl::BitGenRef random, Answer& answer) const;

 private:
  // False if the name is in no zone of ours.
  bool ResolveInZone(const Question& question, const ClusterView& view, bool is_synced, absl::BitGenRef random,
                     Answer& answer) const;
  // In the cluster's zones for names, and in those for who asks from outside.
  void InForwardZone(const Question& question, const ForwardZone& zone, size_t above, const ClusterView& view,
                     bool is_synced, absl::BitGenRef random, Answer& answer) const;
  void InExternalZone(const Question& question, size_t above, const ClusterView& view, bool is_synced,
                      absl::BitGenRef random, Answer& answer) const;
  void InReverseZone(const Question& question, size_t above, const ClusterView& view, bool is_synced,
                     absl::BitGenRef random, Answer& answer) const;
  void Conclude(const Question& question, bool is_synced, Answer& answer) const;
  bool GivesReason(const Question& question) const { return question.wants_reason && options_.reasons; }
  // Whether a zone of ours is below the name, which exists then (RFC 8020).
  bool HasZoneBelow(const dns::QueryName& name) const;
  // Whether the next plugin may know what we do not.
  bool FallsThrough(const dns::QueryName& name) const;

  ResolverOptions options_;
  std::vector<ForwardZone> forward_zones_;  // longest first
  std::vector<dns::Name> reverse_zones_;    // longest first
  // The tail of every service's name in the first forward zone, for answers from a reverse zone: "\3svc" and the zone;
  // without "\3svc" for who asks from outside.
  std::string service_tail_;
};

}  // namespace podnamed::resolve
