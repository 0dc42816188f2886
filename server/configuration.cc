#include "server/configuration.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>
#include <variant>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "server/base/log.h"
#include "server/base/status.h"
#include "server/host_addresses.h"

namespace podnamed {
namespace {

// The block of `previous` that has the same zones on the same endpoints, and a view of the same name; nullptr if there
// is none, or if several are alike: what one view has kept is not another's.
const Block* SameBlock(const Configuration* previous, const Block& block) {
  if (previous == nullptr) return nullptr;
  const auto view_of = [](const Block& one) { return one.options.view ? one.options.view->name : ""; };
  const auto is_same = [&](const Block& old) {
    return view_of(old) == view_of(block) && absl::c_is_permutation(old.zones, block.zones);
  };
  const auto same = absl::c_find_if(previous->blocks(), is_same);
  const bool is_only =
      same != previous->blocks().end() && std::none_of(std::next(same), previous->blocks().end(), is_same);
  return is_only ? &*same : nullptr;
}

// That of an unchanged directive; nullptr if there is none. What files of TLS hold may have changed.
std::shared_ptr<ForwardShared> SameForward(const Block* previous, const config::ServerBlockOptions& options,
                                           const config::ForwardOptions& forward) {
  const bool has_files = !(forward.tls_ca + forward.tls_certificate + forward.tls_key).empty();
  if (previous == nullptr || has_files || previous->options.cancel != options.cancel) return nullptr;
  for (size_t i = 0; i < previous->forward.size(); ++i) {
    if (previous->options.forward[i] == forward) return previous->forward[i];
  }
  return nullptr;
}

absl::Status At(const config::ServerBlockOptions& options, const char* directive, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(options.place, ": ", directive, ": ", std::string(status.message())));
}

resolve::ResolverOptions ResolverOptionsOf(const config::ServerBlockOptions& options) {
  resolve::ResolverOptions resolver = options.kubernetes->answers;
  for (const base::IpAddress& address : options.bind.empty() ? HostAddresses() : options.bind) {
    if (address.is_v4()) {
      resolver.server_ipv4.push_back(address.v4());
    } else {
      resolver.server_ipv6.push_back(address.v6());
    }
  }
  return resolver;
}

// The same cluster as `kubernetes` shows it, but for services without endpoints, which are there (CoreDNS).
resolve::ResolverOptions ExternalOptionsOf(const config::ServerBlockOptions& options) {
  const config::ExternalOptions& external = *options.external;
  resolve::ResolverOptions resolver = ResolverOptionsOf(options);
  resolver.zones = external.zones;
  resolver.external = external.names;
  resolver.clusterset_zones.clear();
  resolver.ttl = external.ttl;
  resolver.ignore_empty_services = false;
  resolver.short_names = false;
  resolver.fallthrough = external.fallthrough;
  return resolver;
}

}  // namespace

std::string ServerAddress::ToText() const { return absl::StrCat(is_tls ? "tls://" : "", endpoint.ToString()); }

std::vector<const resolve::Resolver*> Block::resolvers() const {
  std::vector<const resolve::Resolver*> all;
  if (external) all.push_back(external.get());
  if (resolver) all.push_back(resolver.get());
  return all;
}

std::vector<const plugins::Published<plugins::ZoneSet>*> Block::ZoneSets() const {
  std::vector<const plugins::Published<plugins::ZoneSet>*> sets;
  for (const auto& one : file) sets.push_back(&one->zones());
  if (auto_zones) sets.push_back(&auto_zones->zones());
  return sets;
}

absl::StatusOr<std::shared_ptr<const Configuration>> Configuration::Make(const config::Options& options,
                                                                         const Configuration* previous,
                                                                         const Process& process) {
  auto configuration = std::make_shared<Configuration>();
  for (const config::ServerBlockOptions& block : options.blocks) {
    RETURN_IF_ERROR(configuration->Add(block, previous, process));
  }
  for (const std::shared_ptr<Cluster>& cluster : configuration->clusters_) {
    const bool is_kept = previous != nullptr && absl::c_linear_search(previous->clusters_, cluster);
    const bool is_awaited = previous != nullptr || !std::holds_alternative<config::FeedSource>(cluster->source());
    if (!is_kept && is_awaited) cluster->Await();
  }
  for (const config::ServerBlockOptions& block : options.blocks) {
    for (const std::string& warning : block.warnings) base::LogWarning("config", "{}", warning);
  }
  return configuration;
}

absl::Status Configuration::Add(const config::ServerBlockOptions& options, const Configuration* previous,
                                const Process& process) {
  Block block;
  block.options = options;
  for (const config::ServerKey& key : options.keys) {
    std::vector<std::optional<base::IpAddress>> addresses(options.bind.begin(), options.bind.end());
    if (addresses.empty()) addresses.emplace_back(std::nullopt);
    for (const std::optional<base::IpAddress>& address : addresses) {
      block.zones.emplace_back(ServerAddress{{address, key.port}, key.is_tls}, key.zone);
    }
  }
  for (const auto& [address, zone] : block.zones) {
    const std::string server = absl::StrCat(address.is_tls ? "" : "dns://", address.ToText());
    block.entrances.push_back({server, zone.ToText(), block.entrances.size(), address.endpoint.address,
                               address.endpoint.port, options.view ? options.view->name : ""});
  }
  const Block* const same = SameBlock(previous, block);
  if (options.errors) block.consolidation = std::make_unique<plugins::Consolidation>(*options.errors);
  // It asks over UDP.
  const auto plain = absl::c_find_if(block.zones, [](const auto& zone) { return !zone.first.is_tls; });
  if (options.loop && plain != block.zones.end()) {
    block.loop = std::make_unique<plugins::LoopSearch>(plain->second, plain->first.endpoint);
  }
  if (options.kubernetes) {
    const absl::StatusOr<const Cluster*> cluster = ClusterOf(options.kubernetes->source, previous, process);
    if (!cluster.ok()) return At(options, "kubernetes", cluster.status());
    block.cluster = *cluster;
    block.resolver = std::make_unique<const resolve::Resolver>(ResolverOptionsOf(options));
    if (options.external) block.external = std::make_unique<const resolve::Resolver>(ExternalOptionsOf(options));
  }
  if (options.hosts) {
    const std::string path = options.InRoot(options.hosts->file);
    const bool is_same = same != nullptr && same->options.hosts == options.hosts &&
                         same->options.InRoot(same->options.hosts->file) == path;
    block.hosts = is_same ? same->hosts : std::make_shared<const plugins::HostsSource>(*options.hosts, path);
  }
  for (const config::FileOptions& file : options.file) {
    absl::StatusOr<std::shared_ptr<const plugins::FileZones>> zones =
        plugins::FileZones::Open(file, options.InRoot(file.file));
    if (!zones.ok()) return At(options, "file", zones.status());
    block.file.push_back(*std::move(zones));
  }
  if (options.auto_zones) {
    block.auto_zones =
        std::make_shared<const plugins::AutoZones>(*options.auto_zones, options.InRoot(options.auto_zones->directory));
  }
  if (options.loadbalance && !options.loadbalance->weights.empty()) {
    absl::StatusOr<std::unique_ptr<const plugins::WeightSource>> weights =
        plugins::WeightSource::Open(options.InRoot(options.loadbalance->weights), options.loadbalance->reload);
    if (!weights.ok()) return At(options, "loadbalance", weights.status());
    block.weights = *std::move(weights);
  }
  if (options.tls) {
    if (same != nullptr && same->options.tls == options.tls) {
      block.tls = same->tls;
    } else {
      ASSIGN_OR_RETURN(block.tls, plugins::TlsSource::Make(*options.tls));
    }
  }
  if (options.cache) {
    const bool is_same = same != nullptr && same->options.cache == options.cache;
    block.cache = is_same ? same->cache : std::make_shared<plugins::CacheShared>(*options.cache);
  }
  for (const config::ForwardOptions& forward : options.forward) {
    std::shared_ptr<ForwardShared> shared = SameForward(same, options, forward);
    if (shared == nullptr) {
      absl::StatusOr<std::shared_ptr<ForwardShared>> made = ShareForward(forward, process.workers);
      if (!made.ok()) return At(options, "forward", made.status());
      shared = *std::move(made);
    }
    block.forward.push_back(std::move(shared));
  }
  blocks_.push_back(std::move(block));
  return absl::OkStatus();
}

absl::StatusOr<const Cluster*> Configuration::ClusterOf(const ClusterSource& source, const Configuration* previous,
                                                        const Process& process) {
  const auto has_source = [&](const std::shared_ptr<Cluster>& cluster) { return cluster->source() == source; };
  const auto known = absl::c_find_if(clusters_, has_source);
  if (known != clusters_.end()) return known->get();
  if (previous != nullptr) {
    const auto kept = absl::c_find_if(previous->clusters_, has_source);
    if (kept != previous->clusters_.end()) return clusters_.emplace_back(*kept).get();
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Cluster> cluster, Cluster::Start(source, process.registry));
  return clusters_.emplace_back(std::move(cluster)).get();
}

std::vector<ServerAddress> Configuration::addresses() const {
  std::set<ServerAddress> addresses;
  for (const Block& block : blocks_) {
    for (const auto& [address, zone] : block.zones) addresses.insert(address);
  }
  return {addresses.begin(), addresses.end()};
}

absl::Duration Configuration::lameduck() const {
  absl::Duration longest = absl::ZeroDuration();
  for (const Block& block : blocks_) {
    if (block.options.health) longest = std::max(longest, block.options.health->lameduck);
  }
  return longest;
}

bool Configuration::counts() const {
  return absl::c_any_of(blocks_, [](const Block& block) { return block.options.prometheus.has_value(); });
}

}  // namespace podnamed
