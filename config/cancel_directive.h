// The directive cancel: how long a query may wait for others.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "cancel [DURATION]"; without DURATION 5001 ms.
void ReadCancel(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
