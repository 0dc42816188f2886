#include "server/server.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/base/log.h"
#include "server/base/status.h"
#include "server/coredns_metrics.h"
#include "server/host_addresses.h"
#include "server/pages.h"
#include "server/web/metrics_page.h"

namespace podnamed {
namespace {

// What the controller's log calls us.
std::string NodeName() {
  char name[HOST_NAME_MAX + 1] = {};
  if (gethostname(name, HOST_NAME_MAX) != 0) return "podnamed";
  return name;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const config::Options& options, int workers,
                                                      const InspectOptions& inspect) {
  std::unique_ptr<Server> server(new Server());
  for (const config::ServerBlockOptions& block : options.blocks) RETURN_IF_ERROR(server->AddBlock(block));
  for (int i = 0; i < workers; ++i) {
    const net::PortUse use = i == 0 ? net::PortUse::kClaim : net::PortUse::kShare;
    ASSIGN_OR_RETURN(std::unique_ptr<Worker> worker, Worker::Start(server->blocks_, use, i, server->worker_metrics_));
    server->workers_.push_back(std::move(worker));
  }
  RETURN_IF_ERROR(server->StartPages());
  ASSIGN_OR_RETURN(server->inspection_, StartInspection(inspect, server->MakeSubject()));
  for (const Block& block : server->blocks_) {
    for (const auto& [endpoint, zone] : block.zones) {
      base::LogInfo("server", "{} on {}", zone.ToText(), endpoint.ToString());
    }
  }
  return server;
}

absl::Status Server::StartPages() {
  AddCorednsMetrics(blocks_, registry_);
  for (const Block& block : blocks_) {
    const auto& health = block.options.health;
    if (health) lameduck_ = std::max(lameduck_, health->lameduck);
  }
  const web::Page metrics =
      web::MetricsPage({&registry_, &cluster_metrics_, &process_metrics_, &worker_metrics_.queries,
                        &worker_metrics_.cache, &worker_metrics_.forward, &log_metrics_});
  const std::vector<web::Site> sites = SitesOf(blocks_, stopping_, metrics);
  if (sites.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(web_, web::HttpServer::Start(sites));
  for (size_t i = 0; i < sites.size(); ++i) {
    for (const web::Page& page : sites[i].pages) {
      base::LogInfo("web", "{} at {}", page.path, web_->endpoints()[i].ToString());
      if (page.path != "/health") continue;
      health_probes_.push_back(std::make_unique<web::HealthProbe>(web_->endpoints()[i], health_metrics_));
    }
  }
  return absl::OkStatus();
}

absl::Status Server::AddBlock(const config::ServerBlockOptions& options) {
  Block block;
  block.options = options;
  for (const config::ServerKey& key : options.keys) {
    if (options.bind.empty()) block.zones.emplace_back(net::Endpoint{std::nullopt, key.port}, key.zone);
    for (const base::IpAddress& address : options.bind) {
      block.zones.emplace_back(net::Endpoint{address, key.port}, key.zone);
    }
  }
  for (const auto& [endpoint, zone] : block.zones) {
    block.entrances.push_back({absl::StrCat("dns://", endpoint.ToString()), zone.ToText(), block.entrances.size()});
  }
  if (options.errors) block.consolidation = std::make_unique<plugins::Consolidation>(*options.errors);
  if (options.kubernetes.has_value()) {
    const config::KubernetesOptions& kubernetes = *options.kubernetes;
    const absl::StatusOr<const Cluster*> found = ClusterOf(kubernetes.source);
    if (!found.ok()) {
      return absl::Status(found.status().code(),
                          absl::StrCat(options.place, ": kubernetes: ", found.status().message()));
    }
    const Cluster* cluster = *found;
    resolve::ResolverOptions resolver = kubernetes.answers;
    for (const base::IpAddress& address : options.bind.empty() ? HostAddresses() : options.bind) {
      if (address.is_v4()) {
        resolver.server_ipv4.push_back(address.v4());
      } else {
        resolver.server_ipv6.push_back(address.v6());
      }
    }
    block.resolver = std::make_unique<const resolve::Resolver>(std::move(resolver));
    block.holder = &cluster->holder();
  }
  if (options.hosts) {
    block.hosts = std::make_unique<const plugins::HostsSource>(*options.hosts, options.InRoot(options.hosts->file));
  }
  if (block.options.cache) block.cache = std::make_unique<plugins::CacheShared>(*block.options.cache);
  for (const config::ForwardOptions& forward : block.options.forward) {
    absl::StatusOr<ForwardShared> shared = ShareForward(forward);
    if (!shared.ok()) {
      return absl::Status(shared.status().code(),
                          absl::StrCat(options.place, ": forward: ", shared.status().message()));
    }
    block.forward.push_back(*std::move(shared));
  }
  for (const std::string& warning : options.warnings) base::LogWarning("config", "{}", warning);
  blocks_.push_back(std::move(block));
  return absl::OkStatus();
}

absl::StatusOr<const Cluster*> Server::ClusterOf(const ClusterSource& source) {
  for (const auto& [known, cluster] : clusters_) {
    if (known == source) return cluster.get();
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Cluster> cluster, Cluster::Start(source, NodeName(), registry_));
  cluster_metrics_.Add(TextOf(source), cluster->holder());
  return clusters_.emplace_back(source, std::move(cluster)).second.get();
}

// Of each cluster's zones those of the first block that names them come first.
admin::Subject Server::MakeSubject() const {
  admin::Subject subject;
  subject.started_at = absl::Now();
  subject.workers = static_cast<int>(workers_.size());
  for (const auto& [source, cluster] : clusters_) {
    admin::ClusterSubject& added = subject.clusters.emplace_back(cluster->subject());
    for (const Block& block : blocks_) {
      const auto& kubernetes = block.options.kubernetes;
      if (!kubernetes || kubernetes->source != source) continue;
      const resolve::ResolverOptions& answers = kubernetes->answers;
      for (const dns::Name& name : answers.zones) {
        const admin::ZoneSubject zone{name, absl::c_linear_search(answers.clusterset_zones, name)};
        if (!absl::c_linear_search(added.zones, zone)) added.zones.push_back(zone);
      }
    }
  }
  for (const Block& block : blocks_) {
    admin::BlockSubject& added = subject.blocks.emplace_back();
    for (const auto& [endpoint, zone] : block.zones) {
      added.zones.emplace_back(endpoint.ToString(), zone.ToText());
    }
    const auto& kubernetes = block.options.kubernetes;
    if (kubernetes) added.source = TextOf(kubernetes->source);
  }
  subject.answer = [this](absl::Span<const uint8_t> query, const base::IpAddress& client) {
    return AnswerAside(blocks_, query, client);
  };
  return subject;
}

void Server::Stop(std::chrono::milliseconds grace) {
  for (const auto& worker : workers_) worker->Stop(grace);
  inspection_.reset();  // while the workers answer what has arrived
  for (const auto& worker : workers_) worker->Join();
  workers_.clear();
  health_probes_.clear();
  web_.reset();  // /health goes on to the end
  clusters_.clear();
}

}  // namespace podnamed
