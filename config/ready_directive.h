// The directive ready: where the kubelet asks whether the server block knows its cluster.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "ready [ADDRESS] { monitor until-ready|continuously }"; without ADDRESS at :8181.
void ReadReady(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
