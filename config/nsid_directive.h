// The directive nsid: which of many servers answers (RFC 5001).
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "nsid [DATA…]"; without DATA the host's name.
void ReadNsid(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
