#include "controller/controller.h"

#include <utility>

#include "controller/feed/feed_log.h"
#include "controller/feed/feed_server.h"
#include "controller/feed/feed_service.h"
#include "controller/feed/hold_service.h"
#include "controller/feed/origin_service.h"
#include "controller/kube/find_access.h"
#include "controller/source/kubernetes_source.h"
#include "controller/source/manifests_source.h"
#include "server/base/status.h"

namespace podnamed::controller {
namespace {

class ServedSource : public Controller {
 public:
  absl::Status Start(const ControllerOptions& options) {
    ASSIGN_OR_RETURN(source_, MakeSource(options));
    // The source first: who subscribes finds the whole of what could be read at once.
    RETURN_IF_ERROR(source_->Start());
    ASSIGN_OR_RETURN(server_, FeedServer::Start(service_, options.addresses, {&origin_, &hold_}));
    return absl::OkStatus();
  }

  const std::vector<std::string>& addresses() const override { return server_->addresses(); }
  std::shared_ptr<grpc::Channel> InProcessChannel() override { return server_->InProcessChannel(); }

 private:
  absl::StatusOr<std::unique_ptr<Source>> MakeSource(const ControllerOptions& options) {
    SourceListener listener{.publish = [this](std::vector<feed::v1::Op> ops,
                                              absl::Time origin_time) { log_.Append(std::move(ops), origin_time); },
                            .complete = [this] { log_.SetComplete(); }};
    if (const auto* manifests = std::get_if<ManifestsOptions>(&options.source)) {
      return std::make_unique<ManifestsSource>(manifests->directory, std::move(listener));
    }
    const auto& kubernetes = std::get<KubernetesOptions>(options.source);
    ASSIGN_OR_RETURN(kube::Access access, kube::FindAccess(kubernetes.access));
    return std::make_unique<KubernetesSource>(
        std::move(access), KubernetesSourceOptions{.resources = kubernetes.resources, .removals = kubernetes.removals},
        std::move(listener));
  }

  FeedLog log_{RandomEpoch()};
  FeedService service_{log_};
  OriginService origin_{log_, [this](const feed::v1::Key& key) { return source_->PlaceOf(key); }};
  HoldService hold_{[this] { return source_->held(); }, [this] { source_->ReleaseHeld(); }};
  std::unique_ptr<Source> source_;
  std::unique_ptr<FeedServer> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Controller>> Controller::Start(const ControllerOptions& options) {
  auto controller = std::make_unique<ServedSource>();
  RETURN_IF_ERROR(controller->Start(options));
  return controller;
}

}  // namespace podnamed::controller
