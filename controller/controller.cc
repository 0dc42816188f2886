#include "controller/controller.h"

#include <utility>

#include "controller/feed/feed_log.h"
#include "controller/feed/feed_server.h"
#include "controller/feed/feed_service.h"
#include "controller/feed/origin_service.h"
#include "controller/source/manifests_source.h"
#include "server/base/status.h"

namespace podnamed::controller {
namespace {

class ManifestsController : public Controller {
 public:
  explicit ManifestsController(const std::string& directory)
      : source_(directory, [this](std::vector<feed::v1::Op> ops, absl::Time origin_time) {
          log_.Append(std::move(ops), origin_time);
        }) {}

  // The source first: who subscribes finds the whole cluster.
  absl::Status Start(const std::vector<std::string>& addresses) {
    RETURN_IF_ERROR(source_.Start());
    log_.SetComplete();
    ASSIGN_OR_RETURN(server_, FeedServer::Start(service_, addresses, &origin_));
    return absl::OkStatus();
  }

  const std::vector<std::string>& addresses() const override { return server_->addresses(); }
  std::shared_ptr<grpc::Channel> InProcessChannel() override { return server_->InProcessChannel(); }

 private:
  FeedLog log_{RandomEpoch()};
  FeedService service_{log_};
  OriginService origin_{log_, [this](const feed::v1::Key& key) { return source_.PlaceOf(key); }};
  ManifestsSource source_;
  std::unique_ptr<FeedServer> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Controller>> Controller::Start(const ControllerOptions& options) {
  auto controller = std::make_unique<ManifestsController>(options.manifests);
  RETURN_IF_ERROR(controller->Start(options.addresses));
  return controller;
}

}  // namespace podnamed::controller
