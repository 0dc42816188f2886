// Answers below a zone of names: services, endpoints, ports, pods. One object a question; pure.
#pragma once

#include <string_view>
#include <vector>

#include "server/resolve/cluster_name.h"
#include "server/resolve/service_answer.h"

namespace podnamed::resolve {

// A zone of names, folded.
struct ForwardZone {
  dns::Name name;
  bool clusterset = false;
};

class ForwardAnswer : private ServiceAnswer {
 public:
  // `zones` are all in which an ExternalName may stand for another name of ours; longest first.
  ForwardAnswer(const ZoneQuestion& question, const ClusterName& parsed, bool clusterset,
                const std::vector<ForwardZone>& zones, const ClusterView& view, absl::BitGenRef random, Answer& answer)
      : ServiceAnswer(question, parsed, /*branch_labels=*/1, view, random, answer),
        clusterset_(clusterset),
        zones_(zones) {}

  void Find() {
    answer_.outcome = AtName();
    AddNegativeSoa();
  }

 private:
  Outcome AtName();
  Outcome AtVersion();
  Outcome AtPod();
  bool HasPod(const base::IpAddress& address) const;
  Outcome BelowNamespace();
  Outcome AtService(const ServiceBlock& service);
  Outcome AtExternalName(const ServiceBlock& service);
  Outcome AtCluster(const ServiceBlock& service) const;
  Outcome AtZone(const ServiceBlock& service);

  const bool clusterset_;
  const std::vector<ForwardZone>& zones_;
};

}  // namespace podnamed::resolve
