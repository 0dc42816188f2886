#include "server/web/metrics_page.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <iterator>
#include <string>
#include <utility>

#include "absl/container/btree_map.h"

namespace podnamed::web {
namespace {

std::vector<prometheus::MetricFamily> Collect(const std::vector<const prometheus::Collectable*>& collectables) {
  absl::btree_map<std::string, prometheus::MetricFamily> by_name;
  for (const prometheus::Collectable* collectable : collectables) {
    for (prometheus::MetricFamily& family : collectable->Collect()) {
      const auto [entry, is_first] = by_name.try_emplace(family.name, family);
      if (is_first) continue;
      std::move(family.metric.begin(), family.metric.end(), std::back_inserter(entry->second.metric));
    }
  }
  std::vector<prometheus::MetricFamily> families;
  for (auto& [name, family] : by_name) families.push_back(std::move(family));
  return families;
}

}  // namespace

Page MetricsPage(std::vector<const prometheus::Collectable*> collectables) {
  return {.path = "/metrics", .make = [collectables = std::move(collectables)] {
            return Reply{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                         .body = prometheus::TextSerializer().Serialize(Collect(collectables))};
          }};
}

}  // namespace podnamed::web
