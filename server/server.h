// podnamed: owns every part that lives as long as the process, in the order in which they are built; starts and stops
// them, and brings each new configuration to them.
//
// One thread calls it, which is not a worker's.
#pragma once

#include <prometheus/registry.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "config/options.h"
#include "server/base/passed_sockets.h"
#include "server/base/unique_fd.h"
#include "server/cluster_metrics.h"
#include "server/configuration.h"
#include "server/coredns_metrics.h"
#include "server/handover.h"
#include "server/inspection.h"
#include "server/log_metrics.h"
#include "server/notifier.h"
#include "server/web/health_probe.h"
#include "server/web/http_server.h"
#include "server/web/process_metrics.h"
#include "server/worker.h"
#include "server/worker_metrics.h"

namespace podnamed {

class Server {
 public:
  // What comes from the process before this one, or from the service manager.
  struct Inherited {
    base::PassedSockets sockets;
    // While it answers, we do not before the state of every cluster has come, and if it has not within `patience`, not
    // at all. nullptr: nobody answers.
    const Predecessor* predecessor = nullptr;
    absl::Duration patience = absl::ZeroDuration();
  };

  // Serves what `options` ask for, with `workers` threads, on sockets that are inherited or opened. Before the first
  // state has come from a cluster's source, its names are answered with SERVFAIL. A failure is one sentence, and
  // nothing is left running.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const config::Options& options, int workers,
                                                       Inherited inherited);
  // Lets people look at it from now on. Once; a failure is one sentence, and all goes on as before.
  absl::Status OfferInspection(const InspectOptions& inspect);

  // Serves what `options` ask for, from the next query on: built aside, and when it can be served, taken by all
  // workers. Endpoints that stay are not touched. A failure is one sentence, and all goes on as before.
  absl::Status Reload(const config::Options& options);
  // Lets go of earlier configurations that nobody uses any more. Call about once a second.
  void Reclaim() { configurations_.Reclaim(); }

  // Before Stop: /ready says no from now on, and all else goes on, for those who still have to hear of the end.
  void StopBeingReady() { stopping_ = true; }
  // How long that shall last: the longest `lameduck` of the server blocks.
  absl::Duration lameduck() const { return configurations_.Current()->lameduck(); }

  // Another descriptor of each socket that it listens with, for who takes its place. Any thread; not after Stop.
  std::vector<base::UniqueFd> CopyOfSockets();
  // How many queries have come.
  uint64_t queries() const;

  // Stops accepting, answers what has arrived, and returns when all threads have ended, after `grace` at the latest.
  void Stop(std::chrono::milliseconds grace, Worker::Afterwards afterwards = Worker::Afterwards::kNobody);

  // Of what is counted as it happens; on /metrics.
  prometheus::Registry& registry() { return registry_; }

 private:
  explicit Server(int workers);

  absl::Status Serve(const config::Options& options, Inherited& inherited);
  // For each worker the sockets of the endpoints that are not open yet.
  absl::StatusOr<std::vector<std::vector<Worker::Sockets>>> OpenSockets(const Configuration& next,
                                                                        base::PassedSockets& passed);
  absl::Status ShowPages(const std::shared_ptr<const Configuration>& next, base::PassedSockets& passed);
  // Of endpoints that were closed just before: their ports may be wanted again.
  void AwaitClosed() const;

  const absl::Time started_at_;
  std::atomic<bool> stopping_ = false;
  prometheus::Registry registry_;
  Configurations configurations_;
  ClusterMetrics cluster_metrics_{configurations_};
  CorednsMetrics coredns_metrics_{configurations_};
  web::ProcessMetrics process_metrics_;
  WorkerMetrics worker_metrics_;
  LogMetrics log_metrics_;
  web::HealthMetrics health_metrics_{registry_};

  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Notifier> notifier_;                // nullptr: nobody is to be told of zones
  std::unique_ptr<admin::InspectServer> inspection_;  // nullptr: nobody can look
  std::unique_ptr<web::HttpServer> web_;
  std::vector<std::unique_ptr<web::HealthProbe>> health_probes_;  // of each address that shows /health
};

}  // namespace podnamed
