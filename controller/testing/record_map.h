// For tests only: the state that operations of the feed lead to.
#pragma once

#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "proto/podnamed/feed/v1/feed.pb.h"

namespace podnamed::controller {

class RecordMap {
 public:
  // Applies the operations in order. Returns those that should not have been there, for people: an upsert of what is
  // there already, a delete of what is not there or of another life.
  std::string Apply(const std::vector<feed::v1::Op>& ops);

  // All of them, in the order of their keys.
  std::vector<feed::v1::Record> Records() const;

 private:
  struct Before {
    bool operator()(const feed::v1::Key& a, const feed::v1::Key& b) const;
  };
  absl::btree_map<feed::v1::Key, feed::v1::Record, Before> records_;
};

}  // namespace podnamed::controller
