// The directive k8s_external: zones in which the cluster's services are found by who is outside of it.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "k8s_external [ZONE…] { apex LABEL; ttl SECONDS; headless; fallthrough [ZONE…] }"; without ZONE those of the server
// block.
void ReadK8sExternal(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
