#include "server/coredns_metrics.h"

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>

#include <string>

#include "server/base/version.h"

namespace podnamed {

void AddCorednsMetrics(const std::vector<Block>& blocks, prometheus::Registry& registry) {
  // Without CoreDNS's labels revision and goversion, which have no meaning here.
  prometheus::BuildGauge()
      .Name("coredns_build_info")
      .Help("A metric with a constant '1' value labeled by version from which podnamed was built.")
      .Register(registry)
      .Add({{"version", fmt::format("podnamed-{}", base::kVersion)}})
      .Set(1);
  // Nothing panics here; an alert on it finds it at 0.
  prometheus::BuildCounter()
      .Name("coredns_panics_total")
      .Help("A metric that counts the number of panics.")
      .Register(registry)
      .Add({});
  auto& enabled = prometheus::BuildGauge()
                      .Name("coredns_plugin_enabled")
                      .Help("A metric that indicates whether a plugin is enabled on per server and zone basis.")
                      .Register(registry);
  for (const Block& block : blocks) {
    // As in CoreDNS: of the blocks that have `prometheus`, those plugins that see queries.
    if (!block.options.prometheus) continue;
    for (const auto& [endpoint, zone] : block.zones) {
      const auto enable = [&, server = fmt::format("dns://{}", endpoint.ToString()),
                           name = zone.ToText()](const std::string& plugin) {
        enabled.Add({{"server", server}, {"zone", name}, {"view", ""}, {"name", plugin}}).Set(1);
      };
      enable("prometheus");
      if (block.options.errors) enable("errors");
      if (!block.options.log.empty()) enable("log");
      if (block.options.kubernetes) enable("kubernetes");
    }
  }
}

}  // namespace podnamed
