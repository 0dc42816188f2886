// The directive timeouts: how long a client of a stream may take.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "timeouts { read|write|idle DURATION }"; a number alone are seconds.
void ReadTimeouts(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
