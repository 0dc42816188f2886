// The directive reload: when the Corefile is looked at again.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "reload [INTERVAL] [JITTER]": 2s at least, and 1s at least or 0.
void ReadReload(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
