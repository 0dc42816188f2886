#include "server/server.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "server/base/log.h"
#include "server/base/signals.h"
#include "server/base/status.h"
#include "server/pages.h"
#include "server/web/metrics_page.h"

namespace podnamed {
namespace {

constexpr absl::Duration kLookAgain = absl::Milliseconds(10);

}  // namespace

Server::Server(int workers) : started_at_(absl::Now()) {
  for (int i = 0; i < workers; ++i) workers_.push_back(std::make_unique<Worker>(i, worker_metrics_));
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const config::Options& options, int workers,
                                                      const InspectOptions& inspect) {
  std::unique_ptr<Server> server(new Server(workers));
  ASSIGN_OR_RETURN(server->web_, web::HttpServer::Start({}));
  RETURN_IF_ERROR(server->Serve(options));
  const auto subject = SubjectOf(server->configurations_.Current(), workers, server->started_at_);
  ASSIGN_OR_RETURN(server->inspection_, StartInspection(inspect, subject));
  return server;
}

absl::Status Server::Reload(const config::Options& options) {
  AwaitClosed();
  RETURN_IF_ERROR(Serve(options));
  if (inspection_ != nullptr) {
    inspection_->Show(SubjectOf(configurations_.Current(), static_cast<int>(workers_.size()), started_at_));
  }
  return absl::OkStatus();
}

absl::Status Server::Serve(const config::Options& options) {
  const std::shared_ptr<const Configuration> previous = configurations_.Current();
  ASSIGN_OR_RETURN(std::shared_ptr<const Configuration> next,
                   Configuration::Make(options, previous.get(),
                                       {.workers = static_cast<int>(workers_.size()), .registry = registry_}));
  ASSIGN_OR_RETURN(std::vector<std::vector<Worker::Sockets>> sockets, OpenSockets(*next));
  RETURN_IF_ERROR(ShowPages(next));
  // Nothing fails from here on.
  worker_metrics_.cache.Show(next->blocks());
  configurations_.Publish(next);
  absl::BlockingCounter left(static_cast<int>(workers_.size()));
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->Serve(next, std::move(sockets[i]), [&left] { left.DecrementCount(); });
  }
  left.Wait();
  notifier_ = Notifier::Start(next);
  for (const Block& block : next->blocks()) {
    for (const auto& [endpoint, zone] : block.zones) {
      base::LogInfo("server", "{} on {}", zone.ToText(), endpoint.ToString());
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::vector<Worker::Sockets>>> Server::OpenSockets(const Configuration& next) {
  std::vector<net::Endpoint> open;
  if (const auto current = configurations_.Current()) open = current->endpoints();
  std::vector<std::vector<Worker::Sockets>> sockets(workers_.size());
  for (const net::Endpoint& endpoint : next.endpoints()) {
    if (absl::c_linear_search(open, endpoint)) continue;
    // What we have already cannot be claimed against ourselves.
    const bool is_ours = absl::c_any_of(open, [&](const net::Endpoint& one) { return base::Overlap(one, endpoint); });
    for (size_t i = 0; i < workers_.size(); ++i) {
      const net::PortUse use = i == 0 && !is_ours ? net::PortUse::kClaim : net::PortUse::kShare;
      ASSIGN_OR_RETURN(Worker::Sockets opened, workers_[i]->Open(endpoint, use));
      sockets[i].push_back(std::move(opened));
    }
    open.push_back(endpoint);
  }
  return sockets;
}

absl::Status Server::ShowPages(const std::shared_ptr<const Configuration>& next) {
  const web::Page metrics =
      web::MetricsPage({&registry_, &coredns_metrics_, &cluster_metrics_, &process_metrics_, &worker_metrics_.queries,
                        &worker_metrics_.cache, &worker_metrics_.forward, &worker_metrics_.plugins, &log_metrics_});
  const std::vector<web::Site> sites = SitesOf(next, stopping_, metrics);
  RETURN_IF_ERROR(web_->Show(sites));
  health_probes_.clear();
  for (size_t i = 0; i < sites.size(); ++i) {
    for (const web::Page& page : sites[i].pages) {
      base::LogInfo("web", "{} at {}", page.path, web_->endpoints()[i].ToString());
      if (page.path != "/health") continue;
      health_probes_.push_back(std::make_unique<web::HealthProbe>(web_->endpoints()[i], health_metrics_));
    }
  }
  return absl::OkStatus();
}

void Server::AwaitClosed() const {
  const auto has_old = [](const std::unique_ptr<Worker>& worker) { return worker->HasOld(); };
  while (absl::c_any_of(workers_, has_old) && !base::HasStopSignalCome()) absl::SleepFor(kLookAgain);
}

void Server::Stop(std::chrono::milliseconds grace) {
  for (const auto& worker : workers_) worker->Stop(grace);
  notifier_.reset();
  notifier_.reset();
  inspection_.reset();  // while the workers answer what has arrived
  for (const auto& worker : workers_) worker->Join();
  workers_.clear();
  health_probes_.clear();
  web_.reset();  // /health goes on to the end
  configurations_.Publish(nullptr);
  Reclaim();
}

}  // namespace podnamed
