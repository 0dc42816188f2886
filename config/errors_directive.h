// The directive errors: which errors of queries are logged each, and which are counted first.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "errors [stdout] { stacktrace; consolidate DURATION REGEXP [LEVEL] [show_first] }".
void ReadErrors(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
