// The directive transfer: who may have zones.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "transfer [ZONE…] { to ADDRESS… }".
void ReadTransfer(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
