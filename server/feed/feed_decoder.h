// Where protobuf ends: what a controller sends becomes our own entities, and everything about it is checked. A record
// that comes out of here keeps every promise of server/state/entities.h and every limit of feed.proto; one that does
// not is a Rejection, and the records beside it are not touched. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/podnamed/feed/v1/feed.pb.h"
#include "server/state/delta.h"

namespace podnamed::feed {

// A record or a deletion that we do not take, and why: the field, what was found in it, what was expected.
struct Rejection {
  v1::Key key;
  std::string message;
};

struct DecodedPart {
  std::vector<state::Op> entities;
  std::vector<Rejection> rejections;
};

struct DecodedBatch {
  state::Delta delta;  // without what was rejected
  std::vector<Rejection> rejections;
};

DecodedPart DecodePart(const v1::SnapshotPart& part);
DecodedBatch DecodeBatch(const v1::Batch& batch);

// InvalidArgument says what is wrong: a Rejection's message.
absl::StatusOr<state::Op> DecodeRecord(const v1::Record& record);
absl::StatusOr<state::EntityKey> DecodeKey(const v1::Key& key);
absl::StatusOr<state::Deletion> DecodeDelete(const v1::Delete& deletion);

// The name of one life of a controller's log; std::nullopt unless it is 16 octets that are not all zero.
std::optional<std::array<uint8_t, 16>> DecodeEpoch(std::string_view octets);
absl::Time DecodeTime(const google::protobuf::Timestamp& timestamp);
// For how long a source has been lost: within a year, whatever was sent.
absl::Duration DecodeAge(const google::protobuf::Duration& age);

// 0 for no text, never 0 for any other. The same within this process only: nothing that outlives it may hold one.
state::Uid FingerprintUid(std::string_view uid);

}  // namespace podnamed::feed
