// The directive auto: zones from the files of a directory.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "auto [ZONE…] { directory DIR [REGEXP ORIGIN_TEMPLATE] | reload DURATION }".
void ReadAuto(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
