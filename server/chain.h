// A server block, ready to serve, and the plugins that each worker makes of it: the one place that knows the order in
// which a query meets them, CoreDNS's (plugin.cfg), whatever their order in the Corefile.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "config/options.h"
#include "server/dns/name.h"
#include "server/net/endpoint.h"
#include "server/plugins/cache_plugin.h"
#include "server/plugins/forward_targets.h"
#include "server/plugins/plugin.h"
#include "server/resolve/resolver.h"
#include "server/state/snapshot_holder.h"
#include "server/upstream/tls_context.h"

namespace podnamed {

// What the workers' plugins of one `forward` directive share.
struct ForwardShared {
  std::unique_ptr<plugins::ForwardTargets> targets;
  // By the server name that its targets ask for.
  std::vector<std::pair<std::string, std::shared_ptr<upstream::TlsContext>>> tls;
};

// What every worker makes its plugins from. Owned by the Server, which outlives workers.
struct Block {
  config::ServerBlockOptions options;
  // Zones by the endpoint on which the block answers for them.
  std::vector<std::pair<net::Endpoint, dns::Name>> zones;
  // Of its `kubernetes` directive; both nullptr when it has none.
  std::unique_ptr<const resolve::Resolver> resolver;
  const state::SnapshotHolder* holder = nullptr;
  std::vector<ForwardShared> forward;           // of each of options.forward
  std::unique_ptr<plugins::CacheShared> cache;  // of its `cache` directive, if it has one
};

// Fills `block.forward`. An error is one sentence.
absl::Status PrepareForward(Block& block);

// The plugins of one worker for `block`, which must outlive them; they wait on the worker's `executor`.
plugins::PluginChain MakeChain(const Block& block, const boost::asio::any_io_executor& executor);

}  // namespace podnamed
