#include "server/coredns_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/algorithm/container.h"
#include "server/base/version.h"
#include "server/metric_families.h"

namespace podnamed {
namespace {

using prometheus::MetricFamily;

// Those of CoreDNS's plugins that see no query, and are not told of for that reason.
constexpr std::string_view kSettings[] = {"root",  "tls",   "timeouts", "reload", "bind",
                                          "debug", "ready", "health",   "pprof"};

// Of all files that `hosts` reads; two server blocks may read one.
void AddHosts(const Configuration& configuration, std::vector<MetricFamily>& families) {
  std::map<std::string, size_t> entries;
  absl::Time modified = absl::UnixEpoch();
  for (const Block& block : configuration.blocks()) {
    if (!block.hosts) continue;
    entries[block.hosts->path()] += block.hosts->Current()->entry_count();
    modified = std::max(modified, block.hosts->modified());
  }
  if (entries.empty()) return;
  MetricFamily count = GaugeFamily("coredns_hosts_entries", "The combined number of entries in hosts and Corefile.");
  for (const auto& [path, number] : entries) {
    PutGauge(count, {{"hostsfile", path}}, static_cast<double>(number));
  }
  MetricFamily time =
      GaugeFamily("coredns_hosts_reload_timestamp_seconds", "The timestamp of the last reload of hosts file.");
  PutGauge(time, {}, absl::ToDoubleSeconds(modified - absl::UnixEpoch()));
  families.push_back(std::move(count));
  families.push_back(std::move(time));
}

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
        PutGauge(enabled,
                 {{"server", entrance.server}, {"zone", entrance.zone}, {"view", entrance.view}, {"name", plugin}}, 1);
      }
    }
  }
  std::vector<MetricFamily> families = {build, panics, enabled};
  AddHosts(*configuration, families);
  return families;
}

}  // namespace podnamed
