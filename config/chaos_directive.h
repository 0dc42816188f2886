// The directive chaos: what the server says of itself in class CH.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "chaos [VERSION [AUTHOR…]]".
void ReadChaos(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
