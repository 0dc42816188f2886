#include "controller/feed/feed_messages.h"

namespace podnamed::controller {

EncodedMessage Encode(const feed::v1::SubscribeResponse& response) {
  return std::make_shared<const std::string>(response.SerializeAsString());
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

google::protobuf::Duration ToDuration(std::chrono::nanoseconds duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  google::protobuf::Duration encoded;
  encoded.set_seconds(seconds.count());
  encoded.set_nanos(static_cast<int32_t>((duration - seconds).count()));
  return encoded;
}

}  // namespace podnamed::controller
