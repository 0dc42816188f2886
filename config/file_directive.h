// The directive file: zones from a master file.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "file DBFILE [ZONE…] { reload DURATION | reload_by_mtime | fallthrough [ZONE…] }".
void ReadFile(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
