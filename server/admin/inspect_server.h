// The gRPC server that offers inspection on a unix socket, or on TCP where somebody asked for it; beside it health and
// reflection, as every gRPC tool expects. Few threads, few streams, small requests: nothing here can grow into the way
// of queries. Start and Shutdown on one thread.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/admin/subject.h"

namespace grpc {
class Server;
}  // namespace grpc

namespace podnamed::admin {

class InspectService;

inline constexpr const char* kDefaultInspectAddress = "unix:///run/podnamed/inspect.sock";

class InspectServer {
 public:
  // Serves at `address` ("unix:///path", "host:port", ":port"). A unix socket is for its owner alone (mode 0600); the
  // file that a dead process left is replaced. A failure names the address and what is wrong with it, in one sentence.
  static absl::StatusOr<std::unique_ptr<InspectServer>> Start(Subject subject, const std::string& address);
  // Shuts down.
  ~InspectServer();

  // Looks at this one from now on. Watches go on with it, and begin anew. Any thread.
  void Show(Subject subject);

  // Where it listens; port 0 has become the port that was taken.
  const std::string& address() const { return address_; }

  // Ends what is under way and removes the socket file. What the subject borrows is not used any more when this
  // returns.
  void Shutdown();

 private:
  InspectServer(std::unique_ptr<InspectService> service, std::unique_ptr<grpc::Server> server, std::string address);

  const std::unique_ptr<InspectService> service_;
  const std::unique_ptr<grpc::Server> server_;
  const std::string address_;
};

}  // namespace podnamed::admin
