// The directive header: flags of queries and replies.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "header { [query|response] set|clear FLAG… }".
void ReadHeader(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
