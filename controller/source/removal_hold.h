// Keeps back removals that are too many at once: an API server that lost its memory, or shows an empty cache, must not
// take a cluster's names with it. What is held goes on answering as it did, until it comes back, or a second list or a
// person confirms that it is gone. Pure; one thread.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/btree_map.h"
#include "controller/identity/cluster_index.h"
#include "proto/podnamed/feed/v1/feed.pb.h"

namespace podnamed::controller {

struct RemovalLimits {
  // Held is what is more than both: the share (percent) of the records of one kind, and this many records, those
  // counted that cannot answer without them: of a service its endpoints, of a namespace all that is in it. 100 percent:
  // nothing is held.
  int percent = 50;
  size_t count = 100;
};

class RemovalHold {
 public:
  explicit RemovalHold(RemovalLimits limits) : limits_(limits) {}

  // Of the changes that one moment brought, those that may go on. `remaining`: the records after them. What comes back
  // is held no longer.
  std::vector<feed::v1::Op> Pass(std::vector<feed::v1::Op> ops, const ClusterIndex::RecordCounts& remaining);

  // The removals that were held; they are not any more.
  std::vector<feed::v1::Op> Release();

  size_t size() const { return held_.size(); }
  // Some of them, for people: "pod identity default/nginx/web-0".
  std::vector<std::string> Examples(size_t count) const;

 private:
  // Whether something that is held answers through what goes: through a service its endpoints.
  bool CarriesHeld(const feed::v1::Key& key) const;
  static std::vector<const feed::v1::Op*> RemovalsAmong(const std::vector<feed::v1::Op>& ops);
  bool AreTooMany(const std::vector<const feed::v1::Op*>& removals, const ClusterIndex::RecordCounts& remaining) const;

  using Key = std::tuple<int, std::string, std::string, std::string>;  // kind, namespace, service, name
  static Key KeyOf(const feed::v1::Op& op);

  const RemovalLimits limits_;
  absl::btree_map<Key, feed::v1::Op> held_;
};

}  // namespace podnamed::controller
