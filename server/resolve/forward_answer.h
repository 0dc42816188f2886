// Answers below a zone of names: services, endpoints, ports, pods. One object a question; pure.
#pragma once

#include <string_view>
#include <vector>

#include "server/resolve/cluster_name.h"
#include "server/resolve/srv_records.h"
#include "server/resolve/zone_answer.h"

namespace podnamed::resolve {

// A zone of names, folded.
struct ForwardZone {
  dns::Name name;
  bool clusterset = false;
};

class ForwardAnswer : private ZoneAnswer {
 public:
  // `zones` are all in which an ExternalName may stand for another name of ours; longest first.
  ForwardAnswer(const ZoneQuestion& question, const ClusterName& parsed, bool clusterset,
                const std::vector<ForwardZone>& zones, const ClusterView& view, absl::BitGenRef random, Answer& answer)
      : ZoneAnswer(question, view, random, answer), parsed_(parsed), clusterset_(clusterset), zones_(zones) {}

  void Find() {
    answer_.outcome = AtName();
    AddNegativeSoa();
  }

 private:
  using Identity = ClusterView::Identity;
  using ServiceBlock = state::ServiceBlock;

  Outcome AtName();
  Outcome AtVersion();
  Outcome AtPod();
  bool HasPod(const base::IpAddress& address) const;
  Outcome BelowNamespace();
  Outcome AtService(const ServiceBlock& service);
  Outcome AtExternalName(const ServiceBlock& service);
  Outcome AtEndpoint(const ServiceBlock& service);
  Outcome AtDashedAddress(const ServiceBlock& service, std::string_view label);
  Outcome AtCluster(const ServiceBlock& service) const;
  Outcome AtPort(const ServiceBlock& service, const PortFilter& ports);
  Outcome AtZone(const ServiceBlock& service);
  Outcome Srv(const ServiceBlock& service, const PortFilter& ports);
  bool HasPort(const ServiceBlock& service, const PortFilter& ports) const;

  // "svc" and the zone, in the query's letters. REQUIRES: the name is below svc.
  std::string_view ServiceTail() const {
    return question_.name.original().substr(question_.name.label_start(question_.above - 1));
  }
  SrvRecords MakeSrv(const ServiceBlock& service, const PortFilter& ports) {
    return SrvRecords(service, ports, view_, ServiceTail(), question_.reply_limit, answer_);
  }
  Outcome Finish(SrvRecords srv) { return srv.Finish(question_.owner) ? Outcome::kAnswer : Outcome::kNoData; }

  const ClusterName& parsed_;
  const bool clusterset_;
  const std::vector<ForwardZone>& zones_;
};

}  // namespace podnamed::resolve
