// The directive acl: who may ask for what.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "acl [ZONE…] { allow|block|filter|drop [type TYPE…] [net ADDRESS|NETWORK…] }". Several add up.
void ReadAcl(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
