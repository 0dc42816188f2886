#include "server/plugin_metrics.h"

namespace podnamed {

base::Counter& PluginMetrics::Open(const std::string& name, const std::string& help, const Labels& labels, int worker) {
  const absl::MutexLock lock(&mutex_);
  Family& family = families_[name];
  family.help = help;
  std::unique_ptr<base::Counter>& counter = family.series[labels][worker];
  if (!counter) counter = std::make_unique<base::Counter>();
  return *counter;
}

std::vector<prometheus::MetricFamily> PluginMetrics::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  const absl::MutexLock lock(&mutex_);
  for (const auto& [name, family] : families_) {
    prometheus::MetricFamily& added = families.emplace_back(CounterFamily(name.c_str(), family.help.c_str()));
    for (const auto& [labels, counters] : family.series) {
      uint64_t sum = 0;
      for (const auto& [worker, counter] : counters) sum += counter->value();
      if (sum > 0) PutCounter(added, labels, sum);
    }
  }
  return families;
}

}  // namespace podnamed
