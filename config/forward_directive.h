// `forward FROM TO… { … }`: names at or below FROM are asked of other name servers.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

void ReadForward(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
