// The directive log: which queries are written to the log, and how.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "log [NAME…] [FORMAT] { class success|denial|error|all… }"; a FORMAT is what holds a "{".
void ReadLog(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
