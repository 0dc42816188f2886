// The controller: a source of pod identities and the feed that serves them. The same for podname-controller and for the
// one that podnamed runs in its own process.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "controller/source/kubernetes_options.h"
#include "server/base/endpoint.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace prometheus {
class Registry;
}  // namespace prometheus

namespace podnamed::controller {

struct ManifestsOptions {
  std::string directory;
};

struct ControllerOptions {
  std::variant<ManifestsOptions, KubernetesOptions> source;
  std::vector<std::string> addresses = {};   // to serve the feed at; none: only in this process
  std::optional<base::Endpoint> http = {};   // to show /health, /ready and /metrics at
  prometheus::Registry* registry = nullptr;  // where the source counts; outlives the controller. REQUIRES: not nullptr
};

class Controller {
 public:
  // Serves the source, and what it then changes. Manifests have been read when this returns; an API server is asked for
  // as long as it takes, and until then who subscribes waits. /ready once the source has been read whole. An error is
  // one sentence.
  static absl::StatusOr<std::unique_ptr<Controller>> Start(const ControllerOptions& options);

  virtual ~Controller() = default;  // ends the source, then every stream

  // Where the feed is served; port 0 has become the port that was taken.
  virtual const std::vector<std::string>& addresses() const = 0;
  // To subscribe within this process. Not to be used after the destruction.
  virtual std::shared_ptr<grpc::Channel> InProcessChannel() = 0;
};

}  // namespace podnamed::controller
