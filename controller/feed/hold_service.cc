#include "controller/feed/hold_service.h"

namespace podnamed::controller {

grpc::Status HoldService::Get(grpc::ServerContext* /*context*/, const hold::v1::GetRequest* /*request*/,
                              hold::v1::GetResponse* response) {
  *response = held_();
  return grpc::Status::OK;
}

grpc::Status HoldService::Release(grpc::ServerContext* /*context*/, const hold::v1::ReleaseRequest* /*request*/,
                                  hold::v1::ReleaseResponse* response) {
  response->set_released(held_().held());
  release_();
  return grpc::Status::OK;
}

}  // namespace podnamed::controller
