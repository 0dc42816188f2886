#include "server/chain.h"

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "server/base/log.h"
#include "server/plugins/acl.h"
#include "server/plugins/any.h"
#include "server/plugins/autopath.h"
#include "server/plugins/bufsize.h"
#include "server/plugins/chaos.h"
#include "server/plugins/errors.h"
#include "server/plugins/header.h"
#include "server/plugins/hosts.h"
#include "server/plugins/kubernetes.h"
#include "server/plugins/loadbalance.h"
#include "server/plugins/local.h"
#include "server/plugins/log.h"
#include "server/plugins/loop.h"
#include "server/plugins/minimal.h"
#include "server/plugins/nsid.h"
#include "server/plugins/prometheus.h"
#include "server/plugins/rewrite/rewrite.h"
#include "server/plugins/template/template.h"
#include "server/plugins/transfer/transfer.h"
#include "server/plugins/view.h"
#include "server/plugins/whoami.h"
#include "server/plugins/zones/zone_plugin.h"
#include "server/upstream/upstream_group.h"

namespace podnamed {
namespace {

std::unique_ptr<plugins::Plugin> MakePrometheus(const Block& block, const ChainUse& use) {
  std::vector<plugins::QueryCounts*> counts;
  for (const plugins::Entrance& entrance : block.entrances) {
    counts.push_back(&use.metrics->queries.Open(use.worker, entrance.server, entrance.zone, entrance.view));
  }
  return std::make_unique<plugins::Prometheus>(std::move(counts));
}

std::unique_ptr<plugins::Plugin> MakeCache(const Block& block, const ChainUse& use) {
  absl::Span<plugins::CacheCounters> counters;
  if (use.metrics != nullptr) counters = use.metrics->cache.Open(block, use.worker);
  return std::make_unique<plugins::Cache>(
      *block.options.cache, *block.cache, counters,
      [executor = use.executor](absl::Duration duration, absl::AnyInvocable<void()> call) {
        const auto timer = std::make_shared<boost::asio::steady_timer>(executor, absl::ToChronoNanoseconds(duration));
        timer->async_wait([timer, call = std::move(call)](boost::system::error_code) mutable { call(); });
      });
}

// One worker sends for all.
std::unique_ptr<plugins::Plugin> MakeLoop(const Block& block, const ChainUse& use) {
  constexpr std::chrono::seconds kPatience(6);  // a bit more than `forward` has
  std::unique_ptr<upstream::UpstreamGroup> sender;
  if (use.worker == 0) {
    const net::Endpoint& endpoint = block.loop->endpoint();
    upstream::GroupMember self;
    self.name = endpoint.ToString();
    self.options.address = endpoint.address.value_or(base::IpAddress(base::Ipv4Address{127, 0, 0, 1}));
    self.options.port = endpoint.port;
    self.options.read_timeout = kPatience;
    sender = std::make_unique<upstream::UpstreamGroup>(
        use.executor, upstream::GroupOptions{.max_fails = 0, .max_attempts = 1, .deadline = kPatience});
    sender->SetMembers({self});
  }
  return std::make_unique<plugins::Loop>(*block.loop, std::move(sender),
                                         [](const std::string& what) { base::LogFatal("plugin/loop", what); });
}

plugins::Metadata::Sources MetadataOf(const Block& block) {
  const auto& kubernetes = block.options.kubernetes;
  return {.zones = block.options.metadata ? &*block.options.metadata : nullptr,
          .cluster_zones = kubernetes ? &kubernetes->answers.zones : nullptr,
          .clusterset_zones = kubernetes ? &kubernetes->answers.clusterset_zones : nullptr,
          .holder = block.holder()};
}

std::unique_ptr<plugins::Plugin> MakeLog(const Block& block) {
  std::vector<std::string> addresses;
  for (const auto& [server, zone] : block.zones) {
    const std::string address = server.endpoint.address ? server.endpoint.address->ToString() : "::";
    addresses.push_back(address.find(':') == std::string::npos ? address : absl::StrCat("[", address, "]"));
  }
  return std::make_unique<plugins::Log>(block.options.log, std::move(addresses), MetadataOf(block));
}

std::unique_ptr<plugins::Plugin> MakeAutopath(const Block& block, const ChainUse& use) {
  std::vector<base::Counter*> counters;
  for (const plugins::Entrance& entrance : block.entrances) {
    if (use.metrics == nullptr) break;
    counters.push_back(&use.metrics->plugins.Open("coredns_autopath_success_total",
                                                  "Queries for which autopath has found a name that exists.",
                                                  {{"server", entrance.server}}, use.worker));
  }
  const config::ServerBlockOptions& options = block.options;
  if (!options.autopath->of_cluster) return std::make_unique<plugins::Autopath>(*options.autopath, std::move(counters));
  const plugins::AutopathCluster cluster = {
      .zones = options.kubernetes->answers.zones,
      .resolver = *block.resolver,
      .holder = *block.holder(),
      .answers_first = options.acl.empty() && options.templates.empty() && !block.hosts && !block.external};
  return std::make_unique<plugins::Autopath>(*options.autopath, cluster, std::move(counters));
}

// `help` is that of every counter.
plugins::OpenCounter CountersOf(const ChainUse& use, const char* help) {
  if (use.metrics == nullptr) return {};
  return [metrics = use.metrics, worker = use.worker, help](
             std::string_view name, const std::vector<std::pair<std::string, std::string>>& labels) -> base::Counter& {
    Labels read;
    for (const auto& [label, value] : labels) read.push_back({label, value});
    return metrics->plugins.Open(std::string(name), help, read, worker);
  };
}

std::unique_ptr<plugins::Plugin> MakeTransfer(const Block& block) {
  return std::make_unique<plugins::Transfer>(
      block.options.transfer, plugins::Transfer::Sources{block.ZoneSets(), block.resolvers(), block.holder()});
}

std::unique_ptr<plugins::Plugin> MakeFile(const Block& block) {
  std::vector<plugins::ZonePlugin::Source> sources;
  for (size_t i = 0; i < block.file.size(); ++i) {
    sources.push_back({&block.file[i]->zones(), block.options.file[i].fallthrough});
  }
  return std::make_unique<plugins::ZonePlugin>("file", std::move(sources));
}

}  // namespace

plugins::PluginChain MakeChain(const Block& block, const ChainUse& use) {
  const config::ServerBlockOptions& options = block.options;
  const bool tells = use.metrics != nullptr;
  plugins::PluginChain chain;
  if (options.nsid) chain.push_back(std::make_unique<plugins::Nsid>(*options.nsid));
  if (options.bufsize) chain.push_back(std::make_unique<plugins::Bufsize>(*options.bufsize));
  if (options.prometheus && tells) chain.push_back(MakePrometheus(block, use));
  if (block.consolidation && tells) chain.push_back(std::make_unique<plugins::Errors>(*block.consolidation));
  if (!options.log.empty() && tells) chain.push_back(MakeLog(block));
  if (options.local)
    chain.push_back(std::make_unique<plugins::Local>(CountersOf(use, "Queries for localhost below a domain.")));
  if (options.any) chain.push_back(std::make_unique<plugins::Any>());
  if (options.chaos) chain.push_back(std::make_unique<plugins::Chaos>(*options.chaos));
  if (options.loadbalance) {
    chain.push_back(std::make_unique<plugins::Loadbalance>(*options.loadbalance, block.weights.get()));
  }
  if (!options.rewrite.empty()) chain.push_back(std::make_unique<plugins::Rewrite>(options.rewrite, MetadataOf(block)));
  if (options.autopath && (block.resolver || !options.autopath->of_cluster)) chain.push_back(MakeAutopath(block, use));
  if (!options.acl.empty()) {
    chain.push_back(std::make_unique<plugins::Acl>(options.acl, block.entrances,
                                                   CountersOf(use, "Queries by what acl has done with them.")));
  }
  // Behind `cache` in CoreDNS, where what they change is kept as they have changed it. Here the cache keeps what the
  // upstream said, and they change every reply.
  if (options.header) chain.push_back(std::make_unique<plugins::Header>(*options.header));
  if (options.minimal) chain.push_back(std::make_unique<plugins::Minimal>());
  if (block.cache) chain.push_back(MakeCache(block, use));
  if (!options.templates.empty()) {
    chain.push_back(std::make_unique<plugins::Template>(options.templates, MetadataOf(block),
                                                        CountersOf(use, "What template has made of queries.")));
  }
  if (!options.transfer.empty()) chain.push_back(MakeTransfer(block));
  if (block.hosts) chain.push_back(std::make_unique<plugins::Hosts>(*block.hosts));
  if (block.external) {
    chain.push_back(std::make_unique<plugins::Kubernetes>(*block.external, *block.holder(), "k8s_external"));
  }
  if (block.resolver) chain.push_back(std::make_unique<plugins::Kubernetes>(*block.resolver, *block.holder()));
  if (!block.file.empty()) chain.push_back(MakeFile(block));
  if (block.auto_zones) {
    chain.push_back(std::make_unique<plugins::ZonePlugin>(
        "auto", std::vector<plugins::ZonePlugin::Source>{{&block.auto_zones->zones(), {}}}));
  }
  if (block.loop && tells) chain.push_back(MakeLoop(block, use));
  for (size_t i = 0; i < block.forward.size(); ++i) {
    chain.push_back(MakeForward(options.forward[i], *block.forward[i],
                                {.executor = use.executor,
                                 .worker = use.worker,
                                 .has_next = i + 1 < block.forward.size(),
                                 .deadline = options.cancel,
                                 .metrics = tells ? &use.metrics->forward : nullptr}));
  }
  if (options.whoami) chain.push_back(std::make_unique<plugins::Whoami>());
  if (options.view) chain.push_back(std::make_unique<plugins::View>(*options.view, MetadataOf(block)));
  return chain;
}

}  // namespace podnamed
