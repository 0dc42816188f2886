// The controller's gRPC server: the feed on unix sockets, TCP and the in-process channel, and beside it what every
// gRPC tool expects, grpc.health.v1.Health and server reflection.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace grpc {
class Channel;
class Server;
class Service;
}  // namespace grpc

namespace podnamed::controller {

class FeedService;

class FeedServer {
 public:
  // Serves `service` and those `beside` it, which must outlive the server, at each of `addresses`
  // ("unix:///run/podnamed/feed.sock", "unix:feed.sock", "10.0.0.1:5354", "[::1]:5354", ":5354" for every address);
  // with none, in this process alone. A unix socket is for its owner and group (mode 0660). A socket file that a dead
  // process left is replaced. A failure names the address and what is wrong with it, in one sentence.
  static absl::StatusOr<std::unique_ptr<FeedServer>> Start(FeedService& service,
                                                           const std::vector<std::string>& addresses,
                                                           const std::vector<grpc::Service*>& beside = {});

  // Shuts down.
  ~FeedServer();

  // Where it listens, in the order of Start's `addresses`; a port 0 has become the port taken.
  const std::vector<std::string>& addresses() const { return addresses_; }

  // To subscribe within this process. Not to be used after Shutdown.
  std::shared_ptr<grpc::Channel> InProcessChannel();

  // Ends the feed's streams (FeedService::Shutdown), then everything else, and removes the socket files.
  void Shutdown();

 private:
  FeedServer(FeedService& service, std::unique_ptr<grpc::Server> server, std::vector<std::string> addresses);

  FeedService& service_;
  const std::unique_ptr<grpc::Server> server_;
  const std::vector<std::string> addresses_;
};

}  // namespace podnamed::controller
