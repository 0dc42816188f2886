// What CoreDNS says of itself, for the dashboards that know it: which build this is, which plugins serve which zones.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

#include "server/configuration.h"

namespace podnamed {

class CorednsMetrics final : public prometheus::Collectable {
 public:
  // Of the configuration that is served; it outlives this.
  explicit CorednsMetrics(const Configurations& configurations) : configurations_(configurations) {}

  // Any thread.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Configurations& configurations_;
};

}  // namespace podnamed
