// `local`: answers what no name server should be asked: localhost and names below it, "localhost" in front of a search
// domain, and the reverse zones of addresses that mean this host, this network or all of it (RFC 6761, RFC 6303).
#pragma once

#include "server/plugins/plugin.h"

namespace podnamed::plugins {

class Local : public Plugin {
 public:
  Next OnQuery(Exchange& exchange) override;
};

}  // namespace podnamed::plugins
