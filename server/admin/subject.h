// What inspection looks at: handed in by whoever put the server together, so that this room needs to know nothing of
// the rooms above it or beside it. Values, and parts of what `owner` keeps alive.
#pragma once

#include <grpcpp/channel.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/base/ip_address.h"
#include "server/dns/name.h"
#include "server/state/snapshot_holder.h"

namespace podnamed::admin {

// What a controller has said of a source that it does not hear of.
struct LostSource {
  absl::Time since;
  std::string why;
};

struct FeedStatus {
  bool connected = false;
  absl::Time last_message = absl::InfinitePast();  // InfinitePast: never
  std::string last_error;                          // why the connection ended last
  std::optional<LostSource> lost_source = {};      // std::nullopt: the controller follows it
};

struct ZoneSubject {
  dns::Name name;           // folded
  bool clusterset = false;  // its services are ServiceImports
  // For who asks from outside of the cluster (k8s_external): the label, in wire form, below which its name server is.
  std::optional<std::string> external_apex = {};
  friend bool operator==(const ZoneSubject&, const ZoneSubject&) = default;
};

// One source of cluster state.
struct ClusterSubject {
  std::string source;              // "manifests examples/cluster"
  std::vector<ZoneSubject> zones;  // that answer from it, in the order of the configuration
  const state::SnapshotHolder* holder = nullptr;
  std::function<FeedStatus()> feed_status;    // any thread
  std::shared_ptr<grpc::Channel> controller;  // where a record's origin is asked for
};

// A server block.
struct BlockSubject {
  std::vector<std::pair<std::string, std::string>> zones;  // endpoint, zone
  std::string source;                                      // of its `kubernetes`; empty: it has none
};

struct Subject {
  std::shared_ptr<const void> owner;  // of what the rest of it points to
  absl::Time started_at;
  int workers = 0;
  std::vector<BlockSubject> blocks;
  std::vector<ClusterSubject> clusters;
  // Answers a query's octets as if they had come from that address over TCP, by the code that answers the wire but not
  // by its threads; nothing where the server would not reply. Any thread.
  std::function<std::vector<uint8_t>(absl::Span<const uint8_t> query, const base::IpAddress& client)> answer;
};

}  // namespace podnamed::admin
