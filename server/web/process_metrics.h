// What every Prometheus client says of its process: CPU time, memory, file descriptors, start. Read from /proc/self
// when somebody asks; what cannot be read is left out. Any thread.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

namespace podnamed::web {

class ProcessMetrics final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace podnamed::web
