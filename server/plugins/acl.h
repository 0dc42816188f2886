// `acl`: who may ask for what. The first policy that fits decides; a query that none fits goes on.
#pragma once

#include <vector>

#include "config/options.h"
#include "server/base/ip_network.h"
#include "server/plugins/plugin.h"

namespace podnamed::plugins {

class Acl : public Plugin {
 public:
  explicit Acl(const std::vector<config::AclOptions>& rules);

  Next OnQuery(Exchange& exchange) override;

 private:
  using Action = config::AclPolicy::Action;

  struct Policy {
    Action action;
    std::vector<dns::RecordType> types;
    bool every_client;
    base::IpNetworkSet clients;
  };
  struct Rule {
    std::vector<dns::Name> zones;
    std::vector<Policy> policies;
  };

  Action Find(const Exchange& exchange) const;

  std::vector<Rule> rules_;
};

}  // namespace podnamed::plugins
