#include "server/cluster.h"

#include <utility>

#include "server/base/status.h"

namespace podnamed {

absl::StatusOr<std::unique_ptr<Cluster>> Cluster::Start(const ClusterSource& source, const std::string& node) {
  if (const auto* feed = std::get_if<config::FeedSource>(&source)) {
    return std::unique_ptr<Cluster>(new Cluster(nullptr, feed::FeedClient::MakeChannel(feed->address), node));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<controller::Controller> embedded,
                   controller::Controller::Start(
                       {.manifests = std::get<config::ManifestsSource>(source).directory, .addresses = {}}));
  std::shared_ptr<grpc::Channel> channel = embedded->InProcessChannel();
  return std::unique_ptr<Cluster>(new Cluster(std::move(embedded), std::move(channel), node));
}

Cluster::Cluster(std::unique_ptr<controller::Controller> embedded, std::shared_ptr<grpc::Channel> channel,
                 const std::string& node)
    : embedded_(std::move(embedded)),
      client_(std::move(channel), store_, {.node = node}),
      feed_thread_([this] { client_.Run(); }) {}

Cluster::~Cluster() {
  client_.Stop();
  feed_thread_.join();
}

}  // namespace podnamed
