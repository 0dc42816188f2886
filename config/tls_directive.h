// The directive tls: the certificate of what is served over TLS, and which clients must have one.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "tls CERT KEY [CA] { client_auth nocert|request|require|verify_if_given|require_and_verify }".
void ReadTls(const Directive& line, ServerBlockOptions& block, const Context& context);

}  // namespace podnamed::config
