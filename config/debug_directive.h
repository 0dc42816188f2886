// The directive debug: more lines in the log.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "debug", which changes nothing here; a warning says so.
void ReadDebug(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
