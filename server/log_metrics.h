// What the log tells of itself.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

namespace podnamed {

// Any thread.
class LogMetrics : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace podnamed
