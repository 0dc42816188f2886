// What an API server's octets say: lists, watch events and refusals, in its protobuf encoding or in JSON. Only what our
// classes have fields for is kept, object by object as it comes: a pod's managedFields, which are most of it, are never
// held for two pods at once. Pure; one thread.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/k8s/meta/v1/meta.pb.h"
#include "proto/k8s/meta/v1/wire.pb.h"

namespace podnamed::kube {

using MessagePtr = std::unique_ptr<google::protobuf::Message>;

// Of any object. REQUIRES: `object` has a field `metadata`, as all of proto/k8s have.
const k8s::meta::v1::ObjectMeta& MetadataOf(const google::protobuf::Message& object);

bool IsProtobuf(std::string_view content_type);

// The objects of a list, or of a page of it.
class ListDecoder {
 public:
  using Visit = std::function<void(MessagePtr object)>;

  // `prototype` must outlive this and says what the list's objects are.
  static std::unique_ptr<ListDecoder> Make(std::string_view content_type, const google::protobuf::Message& prototype,
                                           Visit visit);
  virtual ~ListDecoder() = default;

  // The next octets of the body.
  virtual absl::Status Read(std::string_view octets) = 0;
  // After the last: what the list says of itself.
  virtual absl::StatusOr<k8s::meta::v1::ListMeta> Finish() = 0;
};

struct WatchEvent {
  enum class Kind { kChanged, kDeleted, kBookmark, kError };
  Kind kind;
  MessagePtr object;                  // not of kError; of kBookmark only its resourceVersion counts
  bool ends_initial_events = false;   // of kBookmark
  k8s::meta::v1::Status status = {};  // of kError
};

class WatchDecoder {
 public:
  static std::unique_ptr<WatchDecoder> Make(std::string_view content_type, const google::protobuf::Message& prototype);
  virtual ~WatchDecoder() = default;

  // The next octets of the body; appends the events that are whole.
  virtual absl::Status Read(std::string_view octets, std::vector<WatchEvent>* events) = 0;
};

// The body of a reply that is an error; what is no Status of the API (a proxy's page) becomes the message of one.
k8s::meta::v1::Status DecodeStatus(std::string_view content_type, std::string_view body);

}  // namespace podnamed::kube
