// The directive timeouts: how long a client of a stream may take, and how often it may ask.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "timeouts { read|write|idle DURATION | maxtcpqueries NUMBER }"; a number alone as DURATION are seconds.
void ReadTimeouts(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
