#include "controller/controller.h"

#include <malloc.h>
#include <prometheus/registry.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "controller/feed/feed_log.h"
#include "controller/feed/feed_metrics.h"
#include "controller/feed/feed_server.h"
#include "controller/feed/feed_service.h"
#include "controller/feed/hold_service.h"
#include "controller/feed/origin_service.h"
#include "controller/kube/find_access.h"
#include "controller/source/kubernetes_source.h"
#include "controller/source/manifests_source.h"
#include "controller/source/source_metrics.h"
#include "server/base/log.h"
#include "server/base/status.h"
#include "server/web/health_pages.h"
#include "server/web/http_server.h"
#include "server/web/metrics_page.h"
#include "server/web/process_metrics.h"

namespace podnamed::controller {
namespace {

class ServedSource : public Controller {
 public:
  explicit ServedSource(prometheus::Registry& registry) : registry_(registry) {}

  // The pages first, for who waits until we are ready; then the source: who subscribes finds the whole of what could be
  // read at once.
  absl::Status Start(const ControllerOptions& options) {
    ASSIGN_OR_RETURN(source_, MakeSource(options));
    if (options.http) RETURN_IF_ERROR(StartPages(*options.http));
    RETURN_IF_ERROR(source_->Start());
    ASSIGN_OR_RETURN(server_, FeedServer::Start(service_, options.addresses, {&origin_, &hold_}));
    return absl::OkStatus();
  }

  const std::vector<std::string>& addresses() const override { return server_->addresses(); }
  std::shared_ptr<grpc::Channel> InProcessChannel() override { return server_->InProcessChannel(); }

 private:
  absl::StatusOr<std::unique_ptr<Source>> MakeSource(const ControllerOptions& options) {
    SourceListener listener{
        .publish = [this](std::vector<feed::v1::Op> ops,
                          absl::Time origin_time) { log_.Append(std::move(ops), origin_time); },
        .complete = [this] { OnComplete(); },
        .lost = [this](std::chrono::steady_clock::time_point since,
                       const std::string& why) { log_.SetSourceLoss(SourceLoss{.since = since, .why = why}); },
        .found = [this] { log_.SetSourceLoss(std::nullopt); }};
    if (const auto* manifests = std::get_if<ManifestsOptions>(&options.source)) {
      source_metrics_.emplace(registry_, "manifests");
      return std::make_unique<ManifestsSource>(manifests->directory, std::move(listener), ManifestsSource::kLookAnyway,
                                               &*source_metrics_);
    }
    const auto& kubernetes = std::get<KubernetesOptions>(options.source);
    ASSIGN_OR_RETURN(kube::Access access, kube::FindAccess(kubernetes.access));
    source_metrics_.emplace(registry_, "kubernetes");
    return std::make_unique<KubernetesSource>(
        std::move(access), KubernetesSourceOptions{.resources = kubernetes.resources, .removals = kubernetes.removals},
        std::move(listener), &*source_metrics_);
  }

  // What led to the first state is free by then, but the allocator would keep it for good.
  void OnComplete() {
    log_.SetComplete();
    malloc_trim(0);
  }

  absl::Status StartPages(const base::Endpoint& endpoint) {
    web::Site site{.endpoint = endpoint, .pages = {}};
    site.pages.push_back(web::HealthPage());
    site.pages.push_back(web::ReadyPage([this] { return log_.complete() ? "" : "source"; }));
    site.pages.push_back(web::MetricsPage({&registry_, &feed_metrics_, &process_metrics_}));
    ASSIGN_OR_RETURN(web_, web::HttpServer::Start({site}));
    base::LogInfo("web", "/health, /ready and /metrics at {}", web_->endpoints().front().ToString());
    return absl::OkStatus();
  }

  prometheus::Registry& registry_;
  std::optional<SourceMetrics> source_metrics_;
  FeedLog log_{RandomEpoch()};
  FeedService service_{log_};
  FeedMetrics feed_metrics_{log_, service_};
  web::ProcessMetrics process_metrics_;
  OriginService origin_{log_, [this](const feed::v1::Key& key) { return source_->PlaceOf(key); }};
  HoldService hold_{[this] { return source_->held(); }, [this] { source_->ReleaseHeld(); }};
  std::unique_ptr<Source> source_;
  std::unique_ptr<FeedServer> server_;
  std::unique_ptr<web::HttpServer> web_;  // nullptr: nobody asked for pages
};

}  // namespace

absl::StatusOr<std::unique_ptr<Controller>> Controller::Start(const ControllerOptions& options) {
  auto controller = std::make_unique<ServedSource>(*options.registry);
  RETURN_IF_ERROR(controller->Start(options));
  return controller;
}

}  // namespace podnamed::controller
