// `whoami`: tells clients who they are: their address, and their port and transport in an SRV record, as additional
// records.
#pragma once

#include "server/plugins/plugin.h"

namespace podnamed::plugins {

class Whoami : public Plugin {
 public:
  Next OnQuery(Exchange& exchange) override;
};

}  // namespace podnamed::plugins
