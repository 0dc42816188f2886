// Tells which removals wait for a second list, and lets them go (hold.proto). A service beside the feed, seldom asked;
// any thread.
#pragma once

#include <functional>
#include <utility>

#include "proto/podnamed/hold/v1/hold.grpc.pb.h"

namespace podnamed::controller {

class HoldService final : public hold::v1::Hold::Service {
 public:
  // What both use must outlive this, and any thread may call them.
  HoldService(std::function<hold::v1::GetResponse()> held, std::function<void()> release)
      : held_(std::move(held)), release_(std::move(release)) {}

  grpc::Status Get(grpc::ServerContext* context, const hold::v1::GetRequest* request,
                   hold::v1::GetResponse* response) override;
  grpc::Status Release(grpc::ServerContext* context, const hold::v1::ReleaseRequest* request,
                       hold::v1::ReleaseResponse* response) override;

 private:
  const std::function<hold::v1::GetResponse()> held_;
  const std::function<void()> release_;
};

}  // namespace podnamed::controller
