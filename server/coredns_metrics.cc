#include "server/coredns_metrics.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "absl/algorithm/container.h"
#include "server/base/version.h"
#include "server/metric_families.h"

namespace podnamed {
namespace {

using prometheus::MetricFamily;

// Those of CoreDNS's plugins that see no query, and are not told of for that reason.
constexpr std::string_view kSettings[] = {"root", "timeouts", "reload", "bind", "debug", "ready", "health", "pprof"};

}  // namespace

std::vector<MetricFamily> CorednsMetrics::Collect() const {
  // Without CoreDNS's labels revision and goversion, which have no meaning here.
  MetricFamily build = GaugeFamily(
      "coredns_build_info", "A metric with a constant '1' value labeled by version from which podnamed was built.");
  PutGauge(build, {{"version", fmt::format("podnamed-{}", base::kVersion)}}, 1);
  // Nothing panics here; an alert on it finds it at 0.
  MetricFamily panics = CounterFamily("coredns_panics_total", "A metric that counts the number of panics.");
  PutCounter(panics, {}, 0);
  MetricFamily enabled = GaugeFamily(
      "coredns_plugin_enabled", "A metric that indicates whether a plugin is enabled on per server and zone basis.");
  const std::shared_ptr<const Configuration> configuration = configurations_.Current();
  if (configuration == nullptr) return {build, panics};  // the page is there before what it tells of
  for (const Block& block : configuration->blocks()) {
    if (!block.options.prometheus) continue;
    for (const plugins::Entrance& entrance : block.entrances) {
      for (const std::string& plugin : block.options.plugins) {
        if (absl::c_linear_search(kSettings, plugin)) continue;
        PutGauge(enabled, {{"server", entrance.server}, {"zone", entrance.zone}, {"view", ""}, {"name", plugin}}, 1);
      }
    }
  }
  return {build, panics, enabled};
}

}  // namespace podnamed
