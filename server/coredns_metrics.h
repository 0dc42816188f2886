// What CoreDNS says of itself, for the dashboards that know it: which build this is, which plugins serve which zones.
#pragma once

#include <prometheus/registry.h>

#include <vector>

#include "server/chain.h"

namespace podnamed {

// At start.
void AddCorednsMetrics(const std::vector<Block>& blocks, prometheus::Registry& registry);

}  // namespace podnamed
