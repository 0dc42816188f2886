// Counters of plugins that count few things: what the workers count, summed up when somebody asks. A series appears
// when it has counted something. Any thread; who opens a counter counts on its own.
#pragma once

#include <prometheus/collectable.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/base/counter.h"
#include "server/metric_families.h"

namespace podnamed {

class PluginMetrics : public prometheus::Collectable {
 public:
  // A counter for one worker, which lives as long as this. Those of one name and of the same labels are one series. The
  // same when asked again, so that what was counted stays.
  base::Counter& Open(const std::string& name, const std::string& help, const Labels& labels, int worker);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct Family {
    std::string help;
    std::map<Labels, std::map<int, std::unique_ptr<base::Counter>>> series;  // of each worker
  };

  mutable absl::Mutex mutex_;
  std::map<std::string, Family> families_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace podnamed
