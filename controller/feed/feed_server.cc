#include "controller/feed/feed_server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <sys/stat.h>

#include <chrono>
#include <utility>

#include "controller/feed/feed_service.h"
#include "proto/podnamed/feed/v1/feed.grpc.pb.h"
#include "server/base/listen_address.h"
#include "server/base/log.h"
#include "server/base/status.h"

namespace podnamed::controller {
namespace {

constexpr int kKeepaliveMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 5'000;

// For what is neither the feed nor done in a moment: health watches and open reflection streams.
constexpr std::chrono::seconds kShutdownGrace(1);

void Configure(grpc::ServerBuilder& builder) {
  // A peer that is gone without a word (a lost node, a cut cable) is found out in 15 s.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // no limit to our own
  // Subscribers may look for a dead controller as eagerly.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kKeepaliveTimeoutMs);
  // Two controllers on one port would share the subscribers between them.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Origins, health and reflection are seldom asked.
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
}

}  // namespace

absl::StatusOr<std::unique_ptr<FeedServer>> FeedServer::Start(FeedService& service,
                                                              const std::vector<std::string>& addresses,
                                                              const std::vector<grpc::Service*>& beside) {
  // Keeps gRPC's own threads until the process ends: whoever lets go of the library last waits for its backup poller,
  // which sleeps up to 10 s (grpc 1.51, tcp_posix.cc).
  grpc_init();
  // Both plug into every builder of the process. Named here, the linker cannot leave reflection out.
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();

  grpc::ServerBuilder builder;
  Configure(builder);
  builder.RegisterService(&service.grpc_service());
  for (grpc::Service* other : beside) builder.RegisterService(other);

  std::vector<base::ListenAddress> listen;
  std::vector<int> ports(addresses.size());
  for (size_t i = 0; i < addresses.size(); ++i) {
    ASSIGN_OR_RETURN(listen.emplace_back(), base::ParseListenAddress(addresses[i]));
    RETURN_IF_ERROR(base::CheckListenAddress(listen[i]));
    builder.AddListeningPort(listen[i].GrpcUri(), grpc::InsecureServerCredentials(), &ports[i]);
  }
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return absl::InternalError("cannot start the feed's gRPC server; its own log says why");

  server->GetHealthCheckService()->SetServingStatus(feed::v1::Feed::service_full_name(), true);

  std::vector<std::string> bound;
  for (size_t i = 0; i < listen.size(); ++i) {
    if (listen[i].unix_path.empty()) {
      bound.push_back(listen[i].text.substr(0, listen[i].text.rfind(':') + 1) + std::to_string(ports[i]));
    } else {
      ::chmod(listen[i].unix_path.c_str(), S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP);
      bound.push_back(listen[i].text);
    }
    base::LogInfo("feed", "listening on {}", bound.back());
  }
  return std::unique_ptr<FeedServer>(new FeedServer(service, std::move(server), std::move(bound)));
}

FeedServer::FeedServer(FeedService& service, std::unique_ptr<grpc::Server> server, std::vector<std::string> addresses)
    : service_(service), server_(std::move(server)), addresses_(std::move(addresses)) {}

FeedServer::~FeedServer() { Shutdown(); }

std::shared_ptr<grpc::Channel> FeedServer::InProcessChannel() { return server_->InProcessChannel({}); }

void FeedServer::Shutdown() {
  server_->GetHealthCheckService()->Shutdown();  // nobody new shall come
  service_.Shutdown();
  server_->Shutdown(std::chrono::system_clock::now() + kShutdownGrace);
}

}  // namespace podnamed::controller
