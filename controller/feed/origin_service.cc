#include "controller/feed/origin_service.h"

#include <optional>

#include "controller/feed/feed_messages.h"
#include "proto/podnamed/feed/v1/feed_key.h"

namespace podnamed::controller {

grpc::Status OriginService::Locate(grpc::ServerContext* /*context*/, const origin::v1::LocateRequest* request,
                                   origin::v1::LocateResponse* response) {
  const feed::v1::KeyView key = feed::v1::ViewOf(request->key());
  const std::optional<FeedLog::Change> change = log_.LastChange(key);
  if (!change) return {grpc::StatusCode::NOT_FOUND, "there is no " + feed::v1::KeyText(key)};
  response->set_place(place_of_(request->key()));
  response->set_epoch(log_.epoch().data(), log_.epoch().size());
  response->set_revision(change->revision);
  *response->mutable_changed_at() = ToTimestamp(change->origin_time);
  return grpc::Status::OK;
}

}  // namespace podnamed::controller
