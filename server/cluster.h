// One source of cluster state and all that keeps it current: the feed's client on its thread, the store that it writes,
// the holder that workers read; for manifests also the controller, embedded in this process. Several `kubernetes`
// blocks with the same source share one.
#pragma once

#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <thread>
#include <variant>

#include "absl/status/statusor.h"
#include "config/options.h"
#include "controller/controller.h"
#include "server/admin/subject.h"
#include "server/feed/feed_client.h"
#include "server/feed/feed_metrics.h"
#include "server/state/snapshot_holder.h"
#include "server/state/store.h"

namespace podnamed {

using ClusterSource = decltype(config::KubernetesOptions::source);

// As a person would write it: "manifests examples/cluster", "feed unix:///run/podnamed/feed.sock", "endpoint
// https://10.0.0.1:6443", "kubeconfig /root/.kube/config"; "in-cluster" for the API server of our own cluster.
std::string TextOf(const ClusterSource& source);

class Cluster {
 public:
  // Starts to follow `source`, for as long as it takes, and counts what comes in `registry`, which outlives it.
  // Manifests have been read when this returns.
  static absl::StatusOr<std::unique_ptr<Cluster>> Start(const ClusterSource& source, prometheus::Registry& registry);
  // Ends the feed. Readers of the holder must be gone.
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // Returns when its first state has come, when that takes too long (startup_timeout), or when a stop signal has come.
  void Await() const;

  const ClusterSource& source() const { return source_; }
  const state::SnapshotHolder& holder() const { return holder_; }
  // What inspection sees of it; its zones are the caller's to add. Good for as long as this lives.
  admin::ClusterSubject subject() const;

 private:
  Cluster(const ClusterSource& source, std::unique_ptr<controller::Controller> embedded,
          std::shared_ptr<grpc::Channel> channel, prometheus::Registry& registry);

  const ClusterSource source_;
  std::unique_ptr<controller::Controller> embedded_;
  const std::shared_ptr<grpc::Channel> channel_;
  state::SnapshotHolder holder_;
  state::Store store_{holder_};
  feed::FeedMetrics metrics_;
  feed::FeedClient client_;
  std::thread feed_thread_;
};

}  // namespace podnamed
