// The directive loadbalance: in which order addresses are told.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "loadbalance [round_robin] { prefer NETWORK… }".
void ReadLoadbalance(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
