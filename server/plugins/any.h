// `any`: a question for every type gets a short answer that says so (RFC 8482 section 4.2), and nobody else is asked.
#pragma once

#include "server/plugins/plugin.h"

namespace podnamed::plugins {

class Any : public Plugin {
 public:
  Next OnQuery(Exchange& exchange) override;
};

}  // namespace podnamed::plugins
