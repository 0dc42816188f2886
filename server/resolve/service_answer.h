// What a service and its endpoints answer, whatever the zone that has their names: addresses, ports. Zones of the
// cluster build on it. One object a question; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/resolve/cluster_name.h"
#include "server/resolve/srv_records.h"
#include "server/resolve/zone_answer.h"

namespace podnamed::resolve {

class ServiceAnswer : protected ZoneAnswer {
 protected:
  using Identity = ClusterView::Identity;
  using ServiceBlock = state::ServiceBlock;

  // What SRV records of a service point at.
  enum class Target : uint8_t { kService, kEndpoints, kExternal };

  // `branch_labels`: how many labels stand between a service's name and the zone.
  ServiceAnswer(const ZoneQuestion& question, const ClusterName& parsed, size_t branch_labels, const ClusterView& view,
                absl::BitGenRef random, Answer& answer)
      : ZoneAnswer(question, view, random, answer), parsed_(parsed), branch_labels_(branch_labels) {}
  ~ServiceAnswer() = default;

  // A headless service under its own name, and one name of an endpoint of any service.
  Outcome AtHeadless(const ServiceBlock& service);
  Outcome AtEndpoint(const ServiceBlock& service);
  // A port by its name, or by its protocol alone.
  Outcome AtPort(const ServiceBlock& service, Target target);

  Outcome Srv(const ServiceBlock& service, const PortFilter& ports, Target target);
  SrvRecords MakeSrv(const ServiceBlock& service, const PortFilter& ports) {
    return SrvRecords(service, ports, view_, ServiceTail(), question_.reply_limit, answer_);
  }
  Outcome Finish(SrvRecords srv) { return srv.Finish(question_.owner) ? Outcome::kAnswer : Outcome::kNoData; }

  const ClusterName& parsed_;

 private:
  Outcome AtDashedAddress(const ServiceBlock& service, std::string_view label);
  bool HasPort(const ServiceBlock& service, const PortFilter& ports, Target target) const;
  // What follows a service's name, in the query's letters. REQUIRES: the name has that branch.
  std::string_view ServiceTail() const { return question_.name.from_label(question_.above - branch_labels_); }

  const size_t branch_labels_;
};

}  // namespace podnamed::resolve
