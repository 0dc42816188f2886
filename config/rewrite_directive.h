// The directive rewrite: queries that become other queries, and their replies.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "rewrite [continue|stop] FIELD …", in one line or with what follows in a block; see docs/plugins/rewrite.md.
void ReadRewrite(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
