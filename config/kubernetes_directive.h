// The directive kubernetes: which zones are the cluster's, and where its state comes from.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "kubernetes [ZONE…] { manifests DIR | feed ADDRESS; ttl SECONDS }"; without ZONE those of the server block.
void ReadKubernetes(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
