// The gRPC service of inspect.proto over what it was handed (subject.h). A call has one of gRPC's threads for as long
// as it lasts; how many last at once is bounded by the server (inspect_server.h) and by WatchLimits. Any thread.
#pragma once

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "proto/podnamed/inspect/v1/inspect.grpc.pb.h"
#include "server/admin/subject.h"
#include "server/admin/watch_hub.h"

namespace podnamed::admin {

class InspectService final : public inspect::v1::Inspect::Service {
 public:
  explicit InspectService(Subject subject, WatchLimits limits = {}) : limits_(limits) { Show(std::move(subject)); }

  // Calls that come from now on look at this one; those under way end with the one before, but watches go on with this.
  void Show(Subject subject);

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
  void Stop();

 private:
  // What calls look at, for as long as one of them does.
  struct View {
    View(Subject of, WatchLimits limits) : subject(std::move(of)), hub(subject, limits) {}
    const Subject subject;
    WatchHub hub;
  };

  std::shared_ptr<View> Current() const;
  bool stopping() const;

  const WatchLimits limits_;
  mutable absl::Mutex mutex_;
  std::shared_ptr<View> view_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace podnamed::admin
