// A server block, ready to serve, and the plugins that each worker makes of it: the one place that knows the order in
// which a query meets them, CoreDNS's (plugin.cfg), whatever their order in the Corefile.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "config/options.h"
#include "server/dns/name.h"
#include "server/net/endpoint.h"
#include "server/plugins/plugin.h"
#include "server/resolve/resolver.h"
#include "server/state/snapshot_holder.h"

namespace podnamed {

// What every worker makes its plugins from. Owned by the Server, which outlives workers.
struct Block {
  config::ServerBlockOptions options;
  // Zones by the endpoint on which the block answers for them.
  std::vector<std::pair<net::Endpoint, dns::Name>> zones;
  // Of its `kubernetes` directive; both nullptr when it has none.
  std::unique_ptr<const resolve::Resolver> resolver;
  const state::SnapshotHolder* holder = nullptr;
};

// The plugins of one worker for `block`, which must outlive them.
plugins::PluginChain MakeChain(const Block& block);

}  // namespace podnamed
