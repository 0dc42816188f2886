#include "server/cluster.h"

#include <utility>

#include "server/base/status.h"

namespace podnamed {

absl::StatusOr<std::unique_ptr<Cluster>> Cluster::Start(const ClusterSource& source, const std::string& node) {
  if (const auto* feed = std::get_if<config::FeedSource>(&source)) {
    return std::unique_ptr<Cluster>(new Cluster(source, nullptr, feed::FeedClient::MakeChannel(feed->address), node));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<controller::Controller> embedded,
                   controller::Controller::Start(
                       {.manifests = std::get<config::ManifestsSource>(source).directory, .addresses = {}}));
  std::shared_ptr<grpc::Channel> channel = embedded->InProcessChannel();
  return std::unique_ptr<Cluster>(new Cluster(source, std::move(embedded), std::move(channel), node));
}

Cluster::Cluster(const ClusterSource& source, std::unique_ptr<controller::Controller> embedded,
                 std::shared_ptr<grpc::Channel> channel, const std::string& node)
    : source_(source),
      embedded_(std::move(embedded)),
      channel_(std::move(channel)),
      client_(channel_, store_, {.node = node}),
      feed_thread_([this] { client_.Run(); }) {}

std::string TextOf(const ClusterSource& source) {
  if (const auto* feed = std::get_if<config::FeedSource>(&source)) return "feed " + feed->address;
  return "manifests " + std::get<config::ManifestsSource>(source).directory;
}

admin::ClusterSubject Cluster::subject() const {
  return {.source = TextOf(source_),
          .zones = {},
          .holder = &holder_,
          .feed_status =
              [this] {
                return admin::FeedStatus{.connected = client_.connected(),
                                         .last_message = client_.last_message(),
                                         .last_error = client_.last_error()};
              },
          .controller = channel_};
}

Cluster::~Cluster() {
  client_.Stop();
  feed_thread_.join();
}

}  // namespace podnamed
