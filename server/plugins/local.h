// `local`: answers what no name server should be asked: localhost and names below it, "localhost" in front of a search
// domain, and the reverse zones of addresses that mean this host, this network or all of it (RFC 6761, RFC 6303).
#pragma once

#include "server/plugins/open_counter.h"
#include "server/plugins/plugin.h"

namespace podnamed::plugins {

class Local : public Plugin {
 public:
  explicit Local(OpenCounter open_counter);

  Next OnQuery(Exchange& exchange) override;

 private:
  base::Counter* below_localhost_ = nullptr;  // nullptr: nobody wants to know
};

}  // namespace podnamed::plugins
