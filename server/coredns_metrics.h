// What CoreDNS says of itself, for the dashboards that know it: which build this is, which plugins serve which zones.
#pragma once

#include <prometheus/registry.h>

#include <vector>

#include "config/options.h"
#include "server/worker.h"

namespace podnamed {

// `blocks` are those of `options`, in their order. At start.
void AddCorednsMetrics(const config::Options& options, const std::vector<Block>& blocks,
                       prometheus::Registry& registry);

}  // namespace podnamed
