#include "server/coredns_metrics.h"

#include <fmt/format.h>

#include <string>

#include "server/base/version.h"
#include "server/metric_families.h"

namespace podnamed {
namespace {

using prometheus::MetricFamily;

// As in CoreDNS: those that see queries.
std::vector<std::string> EnabledPlugins(const config::ServerBlockOptions& options) {
  std::vector<std::string> enabled = {"prometheus"};
  const auto add = [&](bool is_enabled, const char* plugin) {
    if (is_enabled) enabled.emplace_back(plugin);
  };
  add(options.errors.has_value(), "errors");
  add(!options.log.empty(), "log");
  add(options.local, "local");
  add(options.any, "any");
  add(options.chaos.has_value(), "chaos");
  add(options.loadbalance.has_value(), "loadbalance");
  add(!options.acl.empty(), "acl");
  add(options.header.has_value(), "header");
  add(options.minimal, "minimal");
  add(options.cache.has_value(), "cache");
  add(!options.transfer.empty(), "transfer");
  add(options.hosts.has_value(), "hosts");
  add(options.kubernetes.has_value(), "kubernetes");
  add(!options.file.empty(), "file");
  add(options.auto_zones.has_value(), "auto");
  add(options.loop, "loop");
  add(!options.forward.empty(), "forward");
  add(options.whoami, "whoami");
  return enabled;
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
  for (const Block& block : configuration->blocks()) {
    if (!block.options.prometheus) continue;
    for (const plugins::Entrance& entrance : block.entrances) {
      for (const std::string& plugin : EnabledPlugins(block.options)) {
        PutGauge(enabled, {{"server", entrance.server}, {"zone", entrance.zone}, {"view", ""}, {"name", plugin}}, 1);
      }
    }
  }
  return {build, panics, enabled};
}

}  // namespace podnamed
