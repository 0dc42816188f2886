// The directive prometheus: where metrics are read.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "prometheus [ADDRESS]"; without ADDRESS at localhost:9153.
void ReadPrometheus(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
