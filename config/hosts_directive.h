// The directive hosts: names and addresses as /etc/hosts has them.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "hosts [FILE [ZONE…]] { ADDRESS NAME… | ttl SECONDS | no_reverse | reload DURATION | fallthrough [ZONE…] }".
void ReadHosts(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
