// The controller: a source of pod identities and the feed that serves them. The same for podname-controller and for the
// one that podnamed runs in its own process.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace podnamed::controller {

struct ControllerOptions {
  std::string manifests;               // the directory
  std::vector<std::string> addresses;  // to serve the feed at; none: only in this process
};

class Controller {
 public:
  // Reads the source and serves it; what the source then changes, follows. An error is one sentence.
  static absl::StatusOr<std::unique_ptr<Controller>> Start(const ControllerOptions& options);

  virtual ~Controller() = default;  // ends the source, then every stream

  // Where the feed is served; port 0 has become the port that was taken.
  virtual const std::vector<std::string>& addresses() const = 0;
  // To subscribe within this process. Not to be used after the destruction.
  virtual std::shared_ptr<grpc::Channel> InProcessChannel() = 0;
};

}  // namespace podnamed::controller
