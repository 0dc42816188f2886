// Answers below a zone for who asks from outside of the cluster (k8s_external): the addresses and hostnames at which
// services are reached from there, their ports, and with `headless` endpoints. One object a question; pure.
//
// Follows CoreDNS; where it differs docs/plugins/k8s_external.md says why.
#pragma once

#include "server/resolve/cluster_name.h"
#include "server/resolve/service_answer.h"

namespace podnamed::resolve {

class ExternalAnswer : private ServiceAnswer {
 public:
  // REQUIRES: the view's options have `external`.
  ExternalAnswer(const ZoneQuestion& question, const ClusterName& parsed, const ClusterView& view,
                 absl::BitGenRef random, Answer& answer)
      : ServiceAnswer(question, parsed, /*branch_labels=*/0, view, random, answer) {}

  void Find() {
    answer_.outcome = AtName();
    AddNegativeSoa();
  }

 private:
  Outcome AtName();
  Outcome BelowNamespace();
  // Of a service that has addresses or hostnames outside.
  Outcome AtExternal(const ServiceBlock& service);
  // Of one that has none.
  Outcome AtEndpoints(const ServiceBlock& service);
};

}  // namespace podnamed::resolve
