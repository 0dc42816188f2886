// All that a zone of the cluster answers, name by name, for zone transfers: what Resolver says to each question that
// has an answer, but for pods by their addresses, which are answered without being there, and the version. One object a
// transfer; one thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/random/random.h"
#include "server/dns/name.h"
#include "server/dns/types.h"
#include "server/resolve/resolver.h"
#include "server/state/snapshot.h"

namespace podnamed::resolve {

class ClusterRecords {
 public:
  // `zone` is one of the resolver's for names; all must outlive this.
  ClusterRecords(const Resolver& resolver, const ForwardZone& zone, const state::Snapshot& snapshot);

  // The SOA of the zone.
  void Soa(Answer& answer) { Ask(std::string(zone_.name.wire()), dns::RecordType::kSoa, answer); }
  // The next record sets into `answer`; false when there are no more. The apex comes first: its name servers. What
  // `answer` holds is good until the next call.
  bool Next(Answer& answer);

 private:
  struct Question {
    std::string name;  // in wire form
    dns::RecordType type;
  };

  void Ask(std::string name, dns::RecordType type, Answer& answer);
  // In wire form.
  std::string NameOf(const state::ServiceBlock& service) const;
  void AddExternal(const state::ServiceBlock& service);
  void AddQuestions(const state::ServiceBlock& service);
  void AddEndpoints(const state::ServiceBlock& service, const ClusterView& view);

  const Resolver& resolver_;
  const ForwardZone& zone_;
  const state::Snapshot& snapshot_;
  absl::InsecureBitGen random_;
  std::vector<const state::ServiceBlock*> services_;  // by namespace and name
  size_t next_service_ = 0;
  std::vector<Question> questions_;  // of the last service
  size_t next_question_ = 0;
  std::string asked_;  // the name that the answer points into
  dns::QueryName name_;
};

}  // namespace podnamed::resolve
