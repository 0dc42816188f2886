#include "server/admin/controller_call.h"

#include <fmt/format.h>

#include <algorithm>

#include "absl/time/clock.h"
#include "proto/podnamed/hold/v1/hold.grpc.pb.h"
#include "server/admin/objects.h"
#include "server/base/printable.h"

namespace podnamed::admin {

std::unique_ptr<grpc::ClientContext> ControllerContext(const grpc::ServerContext* caller) {
  std::unique_ptr<grpc::ClientContext> context =
      caller == nullptr ? std::make_unique<grpc::ClientContext>() : grpc::ClientContext::FromServerContext(*caller);
  context->set_deadline(std::chrono::system_clock::now() + kControllerPatience);
  return context;
}

inspect::v1::Held AskHeld(const ClusterSubject& cluster, const grpc::ServerContext* caller) {
  inspect::v1::Held held;
  hold::v1::GetResponse response;
  const grpc::Status status =
      hold::v1::Hold::NewStub(cluster.controller)->Get(ControllerContext(caller).get(), {}, &response);
  if (!status.ok() || response.held() == 0) return held;
  held.set_records(response.held());
  held.set_of_records(response.records());
  for (const std::string& example : response.examples()) held.add_examples(base::Printable(example));
  for (const std::string& reason : response.waits_for()) held.add_waits_for(base::Printable(reason));
  const absl::Time since = absl::FromUnixSeconds(response.since().seconds());
  *held.mutable_age() = ToDuration(std::max(absl::ZeroDuration(), absl::Now() - since));
  return held;
}

absl::StatusOr<uint64_t> ReleaseHeld(const ClusterSubject& cluster, const grpc::ServerContext* caller) {
  hold::v1::ReleaseResponse response;
  const grpc::Status status =
      hold::v1::Hold::NewStub(cluster.controller)->Release(ControllerContext(caller).get(), {}, &response);
  if (status.ok()) return response.released();
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) return uint64_t{0};
  return absl::UnavailableError(
      fmt::format("the controller of {}: {}", cluster.source, base::Printable(status.error_message())));
}

}  // namespace podnamed::admin
