// The state's entities as messages of inspect.proto, and the other way to speak of them: in words. Pure.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "proto/podnamed/inspect/v1/inspect.pb.h"
#include "server/state/snapshot.h"

namespace podnamed::admin {

namespace v1 = inspect::v1;

// REQUIRES: block.has_service().
v1::Service MakeService(const state::ServiceBlock& block);
v1::Pod MakePod(const state::ServiceBlock& block, const state::ServiceBlock::Identity& identity);
v1::Pod MakePod(const state::Pod& pod);

v1::Position MakePosition(const state::Position& position);
// When its newest change happened at its source; std::nullopt: never, for a source that has had nothing yet names no
// time, and its feed none.
std::optional<google::protobuf::Timestamp> ChangedAt(const state::Snapshot& snapshot);
google::protobuf::Timestamp ToTimestamp(absl::Time time);
google::protobuf::Duration ToDuration(absl::Duration duration);

// "service default/nginx", "pod default/nginx/web-0", "namespace default".
std::string NameOf(const v1::Object& object);
// What a person wants to know of it: "headless, 2 of 3 pods ready", "10.244.0.10, not ready".
std::string Describe(const v1::Object& object);
// How `after` differs from `before`, both of one kind: "address 10.244.0.10 → 10.244.7.7, now ready".
std::string DescribeChange(const v1::Object& before, const v1::Object& after);

}  // namespace podnamed::admin
