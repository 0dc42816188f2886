#include "server/server.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "server/base/log.h"
#include "server/base/signals.h"
#include "server/base/status.h"
#include "server/pages.h"
#include "server/state/snapshot_holder.h"
#include "server/web/metrics_page.h"

namespace podnamed {
namespace {

constexpr absl::Duration kLookAgain = absl::Milliseconds(10);

// What was passed of one endpoint and protocol, to be handed out one by one.
class Passed {
 public:
  Passed(base::PassedSockets& all, base::SocketKind kind, const net::Endpoint& endpoint)
      : taken_(all.Take(kind, endpoint)), is_ours_(!taken_.fds.empty() || all.Overlap(kind, endpoint)) {}

  size_t size() const { return taken_.fds.size(); }
  // Nobody else has the port.
  bool is_ours() const { return is_ours_; }

  // The i-th, or a copy of an earlier one where no other may be opened beside them; none: open one. In this order.
  base::UniqueFd Of(size_t i) {
    if (i >= size() && (size() == 0 || taken_.may_be_joined)) return base::UniqueFd();
    return base::UniqueFd::CopyOf(taken_.fds[i % size()].get());
  }
  bool IsShared(size_t i) const { return i >= size() && size() > 0 && !taken_.may_be_joined; }

 private:
  base::PassedSockets::Taken taken_;
  const bool is_ours_;
};

absl::Status AwaitClusters(const Configuration& configuration, const Predecessor& predecessor,
                           absl::Duration patience) {
  const absl::Time end = absl::Now() + patience;
  for (const std::shared_ptr<Cluster>& cluster : configuration.clusters()) {
    state::SnapshotReader reader(cluster->holder());
    while (reader.Current() == nullptr && !predecessor.HasGone()) {
      if (base::HasStopSignalCome()) return absl::CancelledError("asked to stop before it answered");
      if (absl::Now() >= end) {
        return absl::DeadlineExceededError(absl::StrCat("the cluster of \"", TextOf(cluster->source()),
                                                        "\" is not known after ", absl::FormatDuration(patience),
                                                        "; the podnamed that runs goes on"));
      }
      absl::SleepFor(kLookAgain);
    }
  }
  return absl::OkStatus();
}

}  // namespace

Server::Server(int workers) : started_at_(absl::Now()) {
  for (int i = 0; i < workers; ++i) workers_.push_back(std::make_unique<Worker>(i, worker_metrics_));
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const config::Options& options, int workers,
                                                      Inherited inherited) {
  std::unique_ptr<Server> server(new Server(workers));
  ASSIGN_OR_RETURN(server->web_, web::HttpServer::Start({}));
  RETURN_IF_ERROR(server->Serve(options, inherited));
  for (const std::string& left : inherited.sockets.Left()) {
    base::LogWarning("server", "the socket on {} was passed and no server block has it: it is closed", left);
  }
  return server;
}

absl::Status Server::OfferInspection(const InspectOptions& inspect) {
  const auto subject = SubjectOf(configurations_.Current(), static_cast<int>(workers_.size()), started_at_);
  ASSIGN_OR_RETURN(inspection_, StartInspection(inspect, subject));
  return absl::OkStatus();
}

absl::Status Server::Reload(const config::Options& options) {
  AwaitClosed();
  Inherited nothing;
  RETURN_IF_ERROR(Serve(options, nothing));
  if (inspection_ != nullptr) {
    inspection_->Show(SubjectOf(configurations_.Current(), static_cast<int>(workers_.size()), started_at_));
  }
  return absl::OkStatus();
}

absl::Status Server::Serve(const config::Options& options, Inherited& inherited) {
  const std::shared_ptr<const Configuration> previous = configurations_.Current();
  ASSIGN_OR_RETURN(std::shared_ptr<const Configuration> next,
                   Configuration::Make(options, previous.get(),
                                       {.workers = static_cast<int>(workers_.size()), .registry = registry_}));
  if (inherited.predecessor != nullptr) {
    RETURN_IF_ERROR(AwaitClusters(*next, *inherited.predecessor, inherited.patience));
  }
  ASSIGN_OR_RETURN(std::vector<std::vector<Worker::Sockets>> sockets, OpenSockets(*next, inherited.sockets));
  RETURN_IF_ERROR(ShowPages(next, inherited.sockets));
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
    for (const auto& [address, zone] : block.zones) {
      base::LogInfo("server", "{} on {}", zone.ToText(), address.ToText());
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::vector<Worker::Sockets>>> Server::OpenSockets(const Configuration& next,
                                                                              base::PassedSockets& passed) {
  std::vector<ServerAddress> open;
  if (const auto current = configurations_.Current()) open = current->addresses();
  std::vector<std::vector<Worker::Sockets>> sockets(workers_.size());
  for (const ServerAddress& address : next.addresses()) {
    if (absl::c_linear_search(open, address)) continue;
    const net::Endpoint& endpoint = address.endpoint;
    Passed udp(passed, base::SocketKind::kUdp, endpoint);
    Passed tcp(passed, base::SocketKind::kTcp, endpoint);
    // What we have already cannot be claimed against ourselves, nor what who passed it has.
    const bool is_ours =
        absl::c_any_of(open, [&](const ServerAddress& one) { return base::Overlap(one.endpoint, endpoint); }) ||
        udp.is_ours() || tcp.is_ours();
    // Every passed socket is somebody's, for queries lie in it; a worker may have several.
    const size_t number = std::max({workers_.size(), udp.size(), tcp.size()});
    for (size_t i = 0; i < number; ++i) {
      const size_t worker = i % workers_.size();
      const net::PortUse use = i == 0 && !is_ours ? net::PortUse::kClaim : net::PortUse::kShare;
      ASSIGN_OR_RETURN(Worker::Sockets opened, workers_[worker]->Open(address, use, udp.Of(i), tcp.Of(i)));
      opened.is_udp_shared = udp.IsShared(i);
      sockets[worker].push_back(std::move(opened));
    }
    open.push_back(address);
  }
  return sockets;
}

absl::Status Server::ShowPages(const std::shared_ptr<const Configuration>& next, base::PassedSockets& passed) {
  const web::Page metrics =
      web::MetricsPage({&registry_, &coredns_metrics_, &cluster_metrics_, &process_metrics_, &worker_metrics_.queries,
                        &worker_metrics_.cache, &worker_metrics_.forward, &worker_metrics_.plugins, &log_metrics_});
  const std::vector<web::Site> sites = SitesOf(next, stopping_, metrics);
  RETURN_IF_ERROR(web_->Show(sites, &passed));
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

std::vector<base::UniqueFd> Server::CopyOfSockets() {
  std::vector<base::UniqueFd> copies = web_->CopyOfSockets();
  for (const auto& worker : workers_) absl::c_move(worker->CopyOfSockets(), std::back_inserter(copies));
  return copies;
}

uint64_t Server::queries() const {
  uint64_t queries = 0;
  for (const auto& worker : workers_) queries += worker->queries();
  return queries;
}

void Server::Stop(std::chrono::milliseconds grace, Worker::Afterwards afterwards) {
  if (afterwards == Worker::Afterwards::kSuccessor) {  // it shows the pages
    health_probes_.clear();
    web_.reset();
  }
  for (const auto& worker : workers_) worker->Stop(grace, afterwards);
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
