// podnamed: owns every part, in the order in which they are built; starts and stops them.
#pragma once

#include <prometheus/registry.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "config/options.h"
#include "server/cluster.h"
#include "server/cluster_metrics.h"
#include "server/inspection.h"
#include "server/log_metrics.h"
#include "server/web/health_probe.h"
#include "server/web/http_server.h"
#include "server/web/process_metrics.h"
#include "server/worker.h"
#include "server/worker_metrics.h"

namespace podnamed {

class Server {
 public:
  // Serves what `options` ask for, with `workers` threads. Before the first state has come from a cluster's source, its
  // names are answered with SERVFAIL. A failure is one sentence, and nothing is left running.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const config::Options& options, int workers,
                                                       const InspectOptions& inspect);

  // Before Stop: /ready says no from now on, and all else goes on, for those who still have to hear of the end.
  void StopBeingReady() { stopping_ = true; }
  // How long that shall last: the longest `lameduck` of the server blocks.
  absl::Duration lameduck() const { return lameduck_; }

  // Stops accepting, answers what has arrived, and returns when all threads have ended, after `grace` at the latest.
  void Stop(std::chrono::milliseconds grace);

 private:
  Server() = default;

  absl::Status StartPages();
  absl::Status AddBlock(const config::ServerBlockOptions& options);
  absl::StatusOr<const Cluster*> ClusterOf(const ClusterSource& source);
  admin::Subject MakeSubject() const;

  std::atomic<bool> stopping_ = false;
  absl::Duration lameduck_ = absl::ZeroDuration();

  prometheus::Registry registry_;  // of what is counted as it happens
  ClusterMetrics cluster_metrics_;
  web::ProcessMetrics process_metrics_;
  WorkerMetrics worker_metrics_;
  LogMetrics log_metrics_;
  web::HealthMetrics health_metrics_{registry_};

  std::vector<std::pair<ClusterSource, std::unique_ptr<Cluster>>> clusters_;
  std::vector<Block> blocks_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<admin::InspectServer> inspection_;              // nullptr: nobody can look
  std::unique_ptr<web::HttpServer> web_;                          // reads the blocks' clusters
  std::vector<std::unique_ptr<web::HealthProbe>> health_probes_;  // of each address that shows /health
};

}  // namespace podnamed
