// The gRPC service of inspect.proto over what it was handed (subject.h). A call has one of gRPC's threads for as long
// as it lasts; how many last at once is bounded by the server (inspect_server.h) and by WatchLimits. Any thread.
#pragma once

#include "proto/podnamed/inspect/v1/inspect.grpc.pb.h"
#include "server/admin/subject.h"
#include "server/admin/watch_hub.h"

namespace podnamed::admin {

class InspectService final : public inspect::v1::Inspect::Service {
 public:
  // What the subject borrows must outlive this.
  explicit InspectService(Subject subject, WatchLimits limits = {})
      : subject_(std::move(subject)), hub_(subject_, limits) {}

  grpc::Status Status(grpc::ServerContext* context, const inspect::v1::StatusRequest* request,
                      inspect::v1::StatusResponse* response) override;
  grpc::Status Lookup(grpc::ServerContext* context, const inspect::v1::LookupRequest* request,
                      inspect::v1::LookupResponse* response) override;
  grpc::Status Explain(grpc::ServerContext* context, const inspect::v1::ExplainRequest* request,
                       inspect::v1::ExplainResponse* response) override;
  grpc::Status Release(grpc::ServerContext* context, const inspect::v1::ReleaseRequest* request,
                       inspect::v1::ReleaseResponse* response) override;
  grpc::Status ListServices(grpc::ServerContext* context, const inspect::v1::ListRequest* request,
                            grpc::ServerWriter<inspect::v1::ListServicesResponse>* writer) override;
  grpc::Status ListPods(grpc::ServerContext* context, const inspect::v1::ListRequest* request,
                        grpc::ServerWriter<inspect::v1::ListPodsResponse>* writer) override;
  grpc::Status Watch(grpc::ServerContext* context, const inspect::v1::WatchRequest* request,
                     grpc::ServerWriter<inspect::v1::WatchResponse>* writer) override;

  // Ends all watches.
  void Stop() { hub_.Stop(); }

 private:
  // The cluster of that source; of the only one, if it is empty.
  absl::StatusOr<const ClusterSubject*> ClusterOf(const std::string& source) const;
  // What a watch of that name wants to hear of.
  absl::StatusOr<WatchHub::Filter> FilterOf(const std::string& name) const;

  const Subject subject_;
  WatchHub hub_;
};

}  // namespace podnamed::admin
