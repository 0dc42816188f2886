// podnamed: owns every part, in the order in which they are built; starts and stops them.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "config/options.h"
#include "server/cluster.h"
#include "server/inspection.h"
#include "server/worker.h"

namespace podnamed {

class Server {
 public:
  // Serves what `options` ask for, with `workers` threads. Before the first state has come from a cluster's source, its
  // names are answered with SERVFAIL. A failure is one sentence, and nothing is left running.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const config::Options& options, int workers,
                                                       const InspectOptions& inspect);

  // Stops accepting, answers what has arrived, and returns when all threads have ended, after `grace` at the latest.
  void Stop(std::chrono::milliseconds grace);

 private:
  Server() = default;

  absl::Status AddBlock(const config::ServerBlockOptions& options);
  absl::StatusOr<const Cluster*> ClusterOf(const ClusterSource& source);
  admin::Subject SubjectOf(const config::Options& options) const;

  std::vector<std::pair<ClusterSource, std::unique_ptr<Cluster>>> clusters_;
  std::vector<Block> blocks_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<admin::InspectServer> inspection_;  // nullptr: nobody can look
};

}  // namespace podnamed
