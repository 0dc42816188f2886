// `autopath`: walks a client's search list for it. A query whose name ends with the list's first domain is one that a
// stub resolver has completed; the name is tried with every domain of the list, and the first that exists is the
// answer, behind a CNAME. Of a pod the list is made from its namespace, which its address tells at this very moment.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "absl/random/random.h"
#include "absl/types/span.h"
#include "config/options.h"
#include "server/base/counter.h"
#include "server/plugins/plugin.h"
#include "server/resolve/resolver.h"
#include "server/state/snapshot_holder.h"

namespace podnamed::plugins {

// The cluster whose pods ask. All of it outlives the plugin.
struct AutopathCluster {
  const std::vector<dns::Name>& zones;  // folded
  const resolve::Resolver& resolver;
  const state::SnapshotHolder& holder;
  // No plugin of the chain answers before `kubernetes` does: what it does not know need not be asked of the chain.
  bool answers_first = false;
};

class Autopath : public Plugin {
 public:
  // Of a file. `options` must outlive this; so must `counters`, by entrance, or none.
  Autopath(const config::AutopathOptions& options, std::vector<base::Counter*> counters);
  Autopath(const config::AutopathOptions& options, const AutopathCluster& cluster,
           std::vector<base::Counter*> counters);

  std::string_view name() const override { return "autopath"; }
  Next OnQuery(Exchange& exchange) override;
  void OnIdle() override {
    if (reader_) reader_->Refresh();
  }

 private:
  // A list that begins in one zone.
  struct List {
    dns::Name zone;               // the first domain; of a cluster what follows "NS.svc" in it
    std::vector<dns::Name> rest;  // the other domains, the root last
  };
  // How far an exchange has come.
  struct Walk {
    size_t base_length;                // octets of the name in front of the first domain
    absl::Span<const dns::Name> rest;  // still to be tried
  };

  // The list whose first domain the name is below, and how many labels are above that; nullptr if there is none.
  const List* FindList(const Exchange& exchange, size_t& labels_above);
  // Whether the client is a pod of this namespace, by all that is known of its address.
  bool IsInNamespace(const base::IpAddress& client, std::string_view namespace_name);
  void TryFirst(Exchange& exchange, Walk walk);
  void TryNext(Exchange& exchange, Walk walk);
  void OnChild(Exchange& exchange, const Exchange& child, Walk walk);
  // What the cluster says of the name. REQUIRES: a list of its pods.
  resolve::Outcome OutcomeOf(const Exchange& exchange, const dns::QueryName& name);
  void CountSuccess(const Exchange& exchange) const;

  const config::AutopathOptions& options_;
  std::vector<List> lists_;
  const std::vector<base::Counter*> counters_;
  // Of the cluster; none of it for a file.
  const resolve::Resolver* resolver_ = nullptr;
  bool answers_first_ = false;
  std::optional<state::SnapshotReader> reader_;
  absl::InsecureBitGen random_;
  resolve::Answer scratch_answer_;
  dns::QueryName scratch_name_;
};

}  // namespace podnamed::plugins
