// Tells where a record comes from (origin.proto): the log knows when it last changed, the source where it stands. A
// service beside the feed, seldom asked; any thread.
#pragma once

#include <functional>
#include <string>

#include "controller/feed/feed_log.h"
#include "proto/podnamed/origin/v1/origin.grpc.pb.h"

namespace podnamed::controller {

// Where the object stands that says what the record of that key says; empty where none does. Any thread.
using PlaceOf = std::function<std::string(const feed::v1::Key& key)>;

class OriginService final : public origin::v1::Origin::Service {
 public:
  // `log`, and what `place_of` uses, must outlive this.
  OriginService(const FeedLog& log, PlaceOf place_of) : log_(log), place_of_(std::move(place_of)) {}

  grpc::Status Locate(grpc::ServerContext* context, const origin::v1::LocateRequest* request,
                      origin::v1::LocateResponse* response) override;

 private:
  const FeedLog& log_;
  const PlaceOf place_of_;
};

}  // namespace podnamed::controller
