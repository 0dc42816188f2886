// How each cluster's state stands, told when somebody asks: nothing of it is counted on a query's way or the feed's.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

#include "server/configuration.h"

namespace podnamed {

class ClusterMetrics final : public prometheus::Collectable {
 public:
  // Of the clusters of the configuration that is served, which outlives this.
  explicit ClusterMetrics(const Configurations& configurations) : configurations_(configurations) {}

  // Any thread.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Configurations& configurations_;
};

}  // namespace podnamed
