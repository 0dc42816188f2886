// How each cluster's state stands, told when somebody asks: nothing of it is counted on a query's way or the feed's.
#pragma once

#include <prometheus/collectable.h>

#include <string>
#include <utility>
#include <vector>

#include "server/state/snapshot_holder.h"

namespace podnamed {

class ClusterMetrics final : public prometheus::Collectable {
 public:
  // The holder outlives this. Before anybody collects.
  void Add(const std::string& source, const state::SnapshotHolder& holder) { clusters_.emplace_back(source, &holder); }

  // Any thread.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  std::vector<std::pair<std::string, const state::SnapshotHolder*>> clusters_;
};

}  // namespace podnamed
