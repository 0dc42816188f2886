// The directive autopath: search lists that the server walks for its clients.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "autopath [ZONE…] FILE|@kubernetes". The files are read here, once.
void ReadAutopath(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
