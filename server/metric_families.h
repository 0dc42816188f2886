// Metric families put together by hand, for what workers count without a lock and a Collectable sums up.
#pragma once

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace podnamed {

using Labels = std::vector<prometheus::ClientMetric::Label>;

inline prometheus::MetricFamily CounterFamily(const char* name, const char* help) {
  return {name, help, prometheus::MetricType::Counter, {}};
}

inline prometheus::MetricFamily GaugeFamily(const char* name, const char* help) {
  return {name, help, prometheus::MetricType::Gauge, {}};
}

inline void PutGauge(prometheus::MetricFamily& family, Labels labels, double value) {
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  metric.label = std::move(labels);
  metric.gauge.value = value;
}

inline void PutCounter(prometheus::MetricFamily& family, Labels labels, uint64_t value) {
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  metric.label = std::move(labels);
  metric.counter.value = static_cast<double>(value);
}

}  // namespace podnamed
