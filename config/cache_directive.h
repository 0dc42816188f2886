// `cache [TTL] [ZONES…] { … }`: replies that come from elsewhere are kept.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

void ReadCache(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
