// The directive metadata: what is told of queries under labels.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "metadata [ZONE…]".
void ReadMetadata(const Directive& line, ServerBlockOptions& block, const Context& context);
// Whether a text may be a label: "plugin/name".
bool IsMetadataLabel(std::string_view text);

}  // namespace podnamed::config
