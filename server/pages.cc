#include "server/pages.h"

#include <map>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "server/state/snapshot_holder.h"
#include "server/web/health_pages.h"

namespace podnamed {
namespace {

// What one address shows.
struct Wanted {
  bool health = false;
  bool ready = false;
  bool metrics = false;
  std::vector<const Cluster*> clusters;  // of the blocks that have `ready` there
};

// `owner` keeps the clusters.
web::Page ReadyPageOf(std::vector<const Cluster*> clusters, std::shared_ptr<const Configuration> owner,
                      const std::atomic<bool>& stopping) {
  return web::ReadyPage([clusters = std::move(clusters), owner = std::move(owner), &stopping] {
    if (stopping) return "stopping";
    const bool all_known = absl::c_all_of(
        clusters, [](const Cluster* cluster) { return state::SnapshotReader(cluster->holder()).Current() != nullptr; });
    return all_known ? "" : "kubernetes";
  });
}

}  // namespace

std::vector<web::Site> SitesOf(const std::shared_ptr<const Configuration>& configuration,
                               const std::atomic<bool>& stopping, const web::Page& metrics) {
  std::map<base::Endpoint, Wanted> wanted;
  for (const Block& block : configuration->blocks()) {
    const config::ServerBlockOptions& options = block.options;
    if (options.health) wanted[options.health->endpoint].health = true;
    if (options.prometheus) wanted[*options.prometheus].metrics = true;
    if (!options.ready) continue;
    Wanted& here = wanted[*options.ready];
    here.ready = true;
    if (block.cluster != nullptr) here.clusters.push_back(block.cluster);
  }
  std::vector<web::Site> sites;
  for (auto& [endpoint, pages] : wanted) {
    web::Site& site = sites.emplace_back(web::Site{.endpoint = endpoint, .pages = {}});
    if (pages.health) site.pages.push_back(web::HealthPage());
    if (pages.ready) site.pages.push_back(ReadyPageOf(std::move(pages.clusters), configuration, stopping));
    if (pages.metrics) site.pages.push_back(metrics);
  }
  return sites;
}

}  // namespace podnamed
