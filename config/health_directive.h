// The directive health: where the kubelet asks whether the process lives, and how long it goes on at its end.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "health [ADDRESS] { lameduck DURATION }"; without ADDRESS at :8080.
void ReadHealth(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
