// Messages of the feed as octets: encoded once, shared by all who get them. Pure; any thread.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "proto/podnamed/feed/v1/feed.pb.h"

namespace podnamed::controller {

// Limits of feed.proto on encoded sizes.
inline constexpr size_t kMaxBatchBytes = size_t{1} << 20;
inline constexpr size_t kMaxPartBytes = size_t{256} << 10;
inline constexpr size_t kMaxRecordBytes = size_t{64} << 10;

// A whole SubscribeResponse.
using EncodedMessage = std::shared_ptr<const std::string>;

EncodedMessage Encode(const feed::v1::SubscribeResponse& response);

// REQUIRES: `time` is finite.
google::protobuf::Timestamp ToTimestamp(absl::Time time);
google::protobuf::Duration ToDuration(std::chrono::nanoseconds duration);

}  // namespace podnamed::controller
