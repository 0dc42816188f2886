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
      const config::ServerBlockOptions& options = block.options;
      if (options.local) enable("local");
      if (options.any) enable("any");
      if (options.chaos) enable("chaos");
      if (options.loadbalance) enable("loadbalance");
      if (!options.acl.empty()) enable("acl");
      if (options.header) enable("header");
      if (options.minimal) enable("minimal");
      if (options.cache) enable("cache");
      if (options.hosts) enable("hosts");
      if (options.kubernetes) enable("kubernetes");
      if (!options.forward.empty()) enable("forward");
      if (options.whoami) enable("whoami");
    }
  }
}

}  // namespace podnamed
