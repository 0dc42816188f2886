#include "server/cluster.h"

#include <unistd.h>

#include <climits>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/base/log.h"
#include "server/base/signals.h"
#include "server/base/status.h"

namespace podnamed {

namespace {

constexpr absl::Duration kLookAgain = absl::Milliseconds(10);

controller::ControllerOptions EmbeddedOptions(const config::ManifestsSource& source) {
  return {.source = controller::ManifestsOptions{source.directory}};
}

controller::ControllerOptions EmbeddedOptions(const config::ApiSource& source) {
  return {.source = controller::KubernetesOptions{.access = {.endpoint = source.endpoint,
                                                             .certificate = source.tls_certificate,
                                                             .key = source.tls_key,
                                                             .ca = source.tls_ca,
                                                             .kubeconfig = source.kubeconfig,
                                                             .context = source.context},
                                                  .resources = {.pods = source.pods,
                                                                .service_imports = source.service_imports,
                                                                .service_selector = source.service_selector,
                                                                .namespace_selector = source.namespace_selector},
                                                  .removals = {.percent = source.hold_removals}}};
}

// What the controller's log calls us.
std::string NodeName() {
  char name[HOST_NAME_MAX + 1] = {};
  if (gethostname(name, HOST_NAME_MAX) != 0) return "podnamed";
  return name;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Cluster>> Cluster::Start(const ClusterSource& source, prometheus::Registry& registry) {
  if (const auto* feed = std::get_if<config::FeedSource>(&source)) {
    return std::unique_ptr<Cluster>(
        new Cluster(source, nullptr, feed::FeedClient::MakeChannel(feed->address), registry));
  }
  const auto* api = std::get_if<config::ApiSource>(&source);
  controller::ControllerOptions options =
      api != nullptr ? EmbeddedOptions(*api) : EmbeddedOptions(std::get<config::ManifestsSource>(source));
  options.registry = &registry;
  ASSIGN_OR_RETURN(std::unique_ptr<controller::Controller> embedded, controller::Controller::Start(options));
  std::shared_ptr<grpc::Channel> channel = embedded->InProcessChannel();
  return std::unique_ptr<Cluster>(new Cluster(source, std::move(embedded), std::move(channel), registry));
}

void Cluster::Await() const {
  const auto* api = std::get_if<config::ApiSource>(&source_);
  const absl::Duration timeout = absl::FromChrono((api != nullptr ? *api : config::ApiSource()).startup_timeout);
  state::SnapshotReader reader(holder_);
  const absl::Time end = absl::Now() + timeout;
  while (reader.Current() == nullptr && !base::HasStopSignalCome()) {
    if (absl::Now() >= end) {
      base::LogWarning("server",
                       "the cluster is not known after {} (startup_timeout); until it is, its names are SERVFAIL",
                       absl::FormatDuration(timeout));
      return;
    }
    absl::SleepFor(kLookAgain);
  }
}

Cluster::Cluster(const ClusterSource& source, std::unique_ptr<controller::Controller> embedded,
                 std::shared_ptr<grpc::Channel> channel, prometheus::Registry& registry)
    : source_(source),
      embedded_(std::move(embedded)),
      channel_(std::move(channel)),
      metrics_(registry, holder_, TextOf(source)),
      client_(channel_, store_, {.node = NodeName(), .metrics = &metrics_}),
      feed_thread_([this] { client_.Run(); }) {}

std::string TextOf(const ClusterSource& source) {
  if (const auto* feed = std::get_if<config::FeedSource>(&source)) return "feed " + feed->address;
  if (const auto* manifests = std::get_if<config::ManifestsSource>(&source)) return "manifests " + manifests->directory;
  const auto& api = std::get<config::ApiSource>(source);
  if (!api.endpoint.empty()) return "endpoint " + api.endpoint;
  return api.kubeconfig.empty() ? "in-cluster" : "kubeconfig " + api.kubeconfig;
}

admin::ClusterSubject Cluster::subject() const {
  return {.source = TextOf(source_),
          .zones = {},
          .holder = &holder_,
          .feed_status =
              [this] {
                admin::FeedStatus status{.connected = client_.connected(),
                                         .last_message = client_.last_message(),
                                         .last_error = client_.last_error()};
                if (auto lost = client_.lost_source()) {
                  status.lost_source = {.since = lost->since, .why = std::move(lost->why)};
                }
                return status;
              },
          .controller = channel_};
}

Cluster::~Cluster() {
  client_.Stop();
  feed_thread_.join();
}

}  // namespace podnamed
