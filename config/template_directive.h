// The directive template: replies made of records that are written as Go templates.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "template CLASS TYPE [ZONE…] { match REGEXP… ; answer RECORD… ; … }".
void ReadTemplate(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
