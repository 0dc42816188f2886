// The directive view: which queries a server block is for.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "view NAME { expr EXPRESSION }".
void ReadView(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
