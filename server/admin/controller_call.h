// What podnamed asks of a controller for people, beside the feed: where a record comes from (origin.proto), what it
// holds (hold.proto). Any thread; waits for the controller, kControllerPatience at most.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>

#include <chrono>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "proto/podnamed/inspect/v1/inspect.pb.h"
#include "server/admin/subject.h"

namespace podnamed::admin {

inline constexpr std::chrono::seconds kControllerPatience(2);

// For one call. It ends when `caller`'s does; nullptr: there is none.
std::unique_ptr<grpc::ClientContext> ControllerContext(const grpc::ServerContext* caller);

// Nothing is held where the controller does not say so.
inspect::v1::Held AskHeld(const ClusterSubject& cluster, const grpc::ServerContext* caller);

// Lets go what is held; how many records that were.
absl::StatusOr<uint64_t> ReleaseHeld(const ClusterSubject& cluster, const grpc::ServerContext* caller);

}  // namespace podnamed::admin
