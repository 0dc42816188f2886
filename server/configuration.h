// What one Corefile has become: its server blocks with all that answering needs and that is not one worker's, and the
// clusters that they answer from. Made aside, on the thread that starts and reloads the server, and not changed
// afterwards; the workers, the pages and the inspection share it, and let go of it when the next one has taken its
// place.
#pragma once

#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "config/options.h"
#include "server/cluster.h"
#include "server/dns/name.h"
#include "server/forwarding.h"
#include "server/net/endpoint.h"
#include "server/plugins/cache_plugin.h"
#include "server/plugins/consolidation.h"
#include "server/plugins/exchange.h"
#include "server/plugins/hosts.h"
#include "server/plugins/loop.h"
#include "server/plugins/published.h"
#include "server/plugins/tls.h"
#include "server/plugins/weights.h"
#include "server/plugins/zones/auto_zones.h"
#include "server/plugins/zones/file_zones.h"
#include "server/resolve/resolver.h"

namespace podnamed {

// Where clients come in, and how.
struct ServerAddress {
  net::Endpoint endpoint;
  bool is_tls = false;

  // As a Corefile has it: ":53", "tls://:853".
  std::string ToText() const;

  friend auto operator<=>(const ServerAddress&, const ServerAddress&) = default;
};

// A server block, ready to serve: what every worker makes its plugins from.
struct Block {
  config::ServerBlockOptions options;
  // Zones by the address at which the block answers for them.
  std::vector<std::pair<ServerAddress, dns::Name>> zones;
  std::vector<plugins::Entrance> entrances;  // of each of these zones
  // Of its `kubernetes` directive; both nullptr when it has none.
  std::unique_ptr<const resolve::Resolver> resolver;
  std::unique_ptr<const resolve::Resolver> external;  // of its `k8s_external`; nullptr when it has none
  const Cluster* cluster = nullptr;
  std::unique_ptr<plugins::Consolidation> consolidation;  // of its `errors`; nullptr when it has none
  std::unique_ptr<plugins::LoopSearch> loop;              // nullptr without the directive
  std::unique_ptr<const plugins::WeightSource> weights;   // of its `loadbalance`; nullptr when it has none

  // These outlive the configuration if the next one has the same block with the same directive.
  std::vector<std::shared_ptr<ForwardShared>> forward;  // of each of options.forward
  std::shared_ptr<plugins::CacheShared> cache;          // nullptr without the directive, as are those that follow
  std::shared_ptr<const plugins::HostsSource> hosts;
  std::vector<std::shared_ptr<const plugins::FileZones>> file;  // of each of options.file
  std::shared_ptr<const plugins::AutoZones> auto_zones;  // nullptr without the directive, as are those that follow
  std::shared_ptr<const plugins::TlsSource> tls;

  // The zones of `file` and `auto`, as they change.
  std::vector<const plugins::Published<plugins::ZoneSet>*> ZoneSets() const;

  // Those that it has.
  std::vector<const resolve::Resolver*> resolvers() const;

  const state::SnapshotHolder* holder() const { return cluster == nullptr ? nullptr : &cluster->holder(); }
};

class Configuration {
 public:
  // What it is made for, which is the same for as long as the process lives.
  struct Process {
    int workers;
    prometheus::Registry& registry;  // of what its clusters count
  };

  // Builds what `options` ask for. Of `previous`, which may be nullptr, it takes over what they have in common:
  // clusters go on without being listed anew, caches keep their entries, upstreams what is known of them. Clusters that
  // are new are started, and waited for as long as startup_timeout says, so that no name gets worse by the change;
  // without `previous` those of controllers elsewhere (`feed`) are not. An error is one sentence, and nothing is left
  // running.
  static absl::StatusOr<std::shared_ptr<const Configuration>> Make(const config::Options& options,
                                                                   const Configuration* previous,
                                                                   const Process& process);

  const std::vector<Block>& blocks() const { return blocks_; }
  const std::vector<std::shared_ptr<Cluster>>& clusters() const { return clusters_; }
  // Where it answers, each once.
  std::vector<ServerAddress> addresses() const;
  // How long all goes on after a stop signal: the longest `lameduck` of the blocks.
  absl::Duration lameduck() const;
  // Whether anybody reads what is counted.
  bool counts() const;

 private:
  absl::Status Add(const config::ServerBlockOptions& options, const Configuration* previous, const Process& process);
  // The cluster of that source: a new one is started.
  absl::StatusOr<const Cluster*> ClusterOf(const ClusterSource& source, const Configuration* previous,
                                           const Process& process);

  std::vector<std::shared_ptr<Cluster>> clusters_;
  std::vector<Block> blocks_;
};

// The one that is served, for everybody who asks.
using Configurations = plugins::Published<Configuration>;

}  // namespace podnamed
