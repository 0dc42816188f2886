// Lists of services and pods in bounded pieces, in order. The state is held for one piece at a time, so a list that
// somebody reads slowly keeps nothing old alive; each piece is a look at what is newest when it is made. What comes
// behind a place that was passed is not told, what goes before its place is reached is not either.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "proto/podnamed/inspect/v1/inspect.pb.h"
#include "server/state/snapshot_holder.h"

namespace podnamed::admin {

inline constexpr size_t kListPiece = 500;  // objects a message

class ServiceLister {
 public:
  // `holder` must outlive this. An empty namespace: all.
  ServiceLister(const state::SnapshotHolder& holder, std::string namespace_name);
  // The next piece; std::nullopt after the last. There is at least one, to say where the state stands.
  std::optional<inspect::v1::ListServicesResponse> Next();

 private:
  const state::SnapshotHolder& holder_;
  std::vector<std::tuple<std::string, std::string, bool>> names_;  // namespace, service, clusterset; in order
  size_t next_ = 0;
  bool done_ = false;
};

class PodLister {
 public:
  PodLister(const state::SnapshotHolder& holder, std::string namespace_name);
  std::optional<inspect::v1::ListPodsResponse> Next();

 private:
  // A service, or with an empty name the pods of a namespace that no service selects.
  struct Group {
    std::string namespace_name;
    std::string service;
    bool clusterset = false;
    std::vector<std::string> pods;  // of a group without a service
  };
  // Adds what is left of a group, as far as there is room; true if that was all of it.
  bool AddService(const Group& group, const state::Snapshot& snapshot, inspect::v1::ListPodsResponse& response);
  bool AddPods(const Group& group, const state::Snapshot& snapshot, inspect::v1::ListPodsResponse& response);

  const state::SnapshotHolder& holder_;
  std::vector<Group> groups_;  // in order
  size_t next_ = 0;
  size_t next_pod_ = 0;    // in a group without a service
  std::string last_name_;  // told of the group; empty: none yet
  bool done_ = false;
};

}  // namespace podnamed::admin
