// The directive bufsize: how long a reply over UDP may be.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "bufsize [OCTETS]", 512 to 4096; without OCTETS 1232.
void ReadBufsize(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
