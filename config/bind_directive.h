// The directive bind: on which of the machine's addresses a server block listens.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "bind ADDRESS|INTERFACE…"; an interface stands for the addresses that it has now. Several lines add up.
void ReadBind(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
