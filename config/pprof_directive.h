// The directive pprof: Go's profiler, which there is none of here.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// An error that says what to use instead.
void ReadPprof(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
