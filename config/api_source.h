// The properties of kubernetes by which it finds and asks an API server: CoreDNS's own, and hold_removals.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

struct ApiSourceReading {
  ApiSource source = {};
  const Token* word = nullptr;           // the first property of these that is there
  const Token* endpoint_word = nullptr;  // or kubeconfig: what says where the server is
};

// "endpoint URL", "tls CERT KEY CA", "kubeconfig FILE [CONTEXT]", "startup_timeout DURATION", "hold_removals PERCENT".
void ReadEndpoint(const Directive& line, ApiSourceReading& reading, const Context& context);
void ReadTls(const Directive& line, ApiSourceReading& reading, const Context& context);
void ReadKubeconfig(const Directive& line, ApiSourceReading& reading, const Context& context);
void ReadStartupTimeout(const Directive& line, ApiSourceReading& reading, const Context& context);
void ReadHoldRemovals(const Directive& line, ApiSourceReading& reading, const Context& context);

}  // namespace podnamed::config
