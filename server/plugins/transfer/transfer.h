// `transfer`: gives zones of the same server block to secondaries, whole (AXFR, RFC 5936; IXFR, RFC 1995, says that
// nothing has changed or is answered with the whole zone).
#pragma once

#include <memory>
#include <vector>

#include "config/zone_options.h"
#include "server/plugins/plugin.h"
#include "server/plugins/published.h"
#include "server/plugins/transfer/zone_records.h"
#include "server/plugins/zones/zone_set.h"
#include "server/resolve/resolver.h"
#include "server/state/snapshot_holder.h"

namespace podnamed::plugins {

class Transfer : public Plugin {
 public:
  // What there is to give; all of it outlives the plugin.
  struct Sources {
    std::vector<const Published<ZoneSet>*> zones;          // of `file` and `auto`
    std::vector<const resolve::Resolver*> resolvers = {};  // of `k8s_external` and `kubernetes`, if the block has them
    const state::SnapshotHolder* holder = nullptr;         // theirs
  };

  // `options` outlive the plugin.
  Transfer(const std::vector<config::TransferOptions>& options, Sources sources);

  std::string_view name() const override { return "transfer"; }
  Next OnQuery(Exchange& exchange) override;

 private:
  // nullptr: nobody speaks of the zone.
  const config::TransferOptions* FindOptions(const dns::QueryName& name) const;
  // The zone of that name, about to be told; nullptr if there is none here, or nothing is known of it yet.
  std::unique_ptr<ZoneRecords> Begin(const dns::QueryName& name) const;

  const std::vector<config::TransferOptions>& options_;
  const Sources sources_;
};

}  // namespace podnamed::plugins
