#include "server/admin/inspect_server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <sys/stat.h>

#include <chrono>
#include <utility>

#include "server/admin/inspect_service.h"
#include "server/base/listen_address.h"
#include "server/base/status.h"

namespace podnamed::admin {
namespace {

constexpr int kMaxThreads = 32;  // watches have 16 at most
constexpr int kMaxRequestBytes = 64 << 10;
constexpr int kMaxStreamsAConnection = 100;
constexpr int kKeepaliveMs = 30'000;  // a watcher that is gone without a word is found out
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr std::chrono::milliseconds kShutdownGrace(100);

void Configure(grpc::ServerBuilder& builder) {
  grpc::ResourceQuota quota("inspect");
  quota.SetMaxThreads(kMaxThreads);
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsAConnection);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // no limit to our own
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
}

}  // namespace

absl::StatusOr<std::unique_ptr<InspectServer>> InspectServer::Start(Subject subject, const std::string& address) {
  // Both plug into every builder of the process. Named here, the linker cannot leave reflection out.
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  // Keeps gRPC's own threads until the process ends: whoever lets go of the library last waits for its backup poller,
  // which sleeps up to 10 s (grpc 1.51, tcp_posix.cc).
  grpc_init();

  ASSIGN_OR_RETURN(const base::ListenAddress listen, base::ParseListenAddress(address));
  RETURN_IF_ERROR(base::CheckListenAddress(listen));
  auto service = std::make_unique<InspectService>(std::move(subject));
  grpc::ServerBuilder builder;
  Configure(builder);
  builder.RegisterService(service.get());
  int port = 0;
  builder.AddListeningPort(listen.GrpcUri(), grpc::InsecureServerCredentials(), &port);
  // A unix socket is for its owner alone from the moment that it is there.
  const mode_t mask = ::umask(S_IXUSR | S_IRWXG | S_IRWXO);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ::umask(mask);
  if (server == nullptr) return absl::InternalError("cannot listen on " + address + "; gRPC's own log says why");
  server->GetHealthCheckService()->SetServingStatus(inspect::v1::Inspect::service_full_name(), true);
  std::string bound = address;
  if (listen.unix_path.empty()) bound = address.substr(0, address.rfind(':') + 1) + std::to_string(port);
  return std::unique_ptr<InspectServer>(new InspectServer(std::move(service), std::move(server), std::move(bound)));
}

InspectServer::InspectServer(std::unique_ptr<InspectService> service, std::unique_ptr<grpc::Server> server,
                             std::string address)
    : service_(std::move(service)), server_(std::move(server)), address_(std::move(address)) {}

InspectServer::~InspectServer() { Shutdown(); }

void InspectServer::Show(Subject subject) { service_->Show(std::move(subject)); }

void InspectServer::Shutdown() {
  service_->Stop();
  server_->GetHealthCheckService()->Shutdown();
  server_->Shutdown(std::chrono::system_clock::now() + kShutdownGrace);
}

}  // namespace podnamed::admin
