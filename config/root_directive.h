// The directive root: where relative paths begin.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "root DIRECTORY".
void ReadRoot(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
