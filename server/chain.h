// A server block, ready to serve, and the plugins that each worker makes of it: the one place that knows the order in
// which a query meets them, CoreDNS's (plugin.cfg), whatever their order in the Corefile.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "config/options.h"
#include "server/dns/name.h"
#include "server/forwarding.h"
#include "server/net/endpoint.h"
#include "server/plugins/cache_plugin.h"
#include "server/plugins/consolidation.h"
#include "server/plugins/hosts.h"
#include "server/plugins/plugin.h"
#include "server/resolve/resolver.h"
#include "server/state/snapshot_holder.h"
#include "server/worker_metrics.h"

namespace podnamed {

// What every worker makes its plugins from. Owned by the Server, which outlives workers.
struct Block {
  config::ServerBlockOptions options;
  // Zones by the endpoint on which the block answers for them.
  std::vector<std::pair<net::Endpoint, dns::Name>> zones;
  std::vector<plugins::Entrance> entrances;  // of each of these zones
  // Of its `kubernetes` directive; both nullptr when it has none.
  std::unique_ptr<const resolve::Resolver> resolver;
  const state::SnapshotHolder* holder = nullptr;
  std::vector<ForwardShared> forward;                     // of each of options.forward
  std::unique_ptr<plugins::CacheShared> cache;            // of its `cache` directive, if it has one
  std::unique_ptr<const plugins::HostsSource> hosts;      // nullptr without the directive
  std::unique_ptr<plugins::Consolidation> consolidation;  // of its `errors`; nullptr when it has none
};

// What plugins are made for besides their block.
struct ChainUse {
  boost::asio::any_io_executor executor;  // on which they wait
  int worker = 0;                         // its number
  WorkerMetrics* metrics = nullptr;       // outlives the chain; nullptr: a look from aside, which no plugin tells of
};

// The plugins of one worker for `block`, which must outlive them.
plugins::PluginChain MakeChain(const Block& block, const ChainUse& use);

}  // namespace podnamed
