// `acl`: who may ask for what. The first policy that fits decides; a query that none fits goes on.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "config/options.h"
#include "server/base/ip_network.h"
#include "server/plugins/open_counter.h"
#include "server/plugins/plugin.h"

namespace podnamed::plugins {

class Acl : public Plugin {
 public:
  // `entrances`: where its queries come in, in the order of their indices.
  Acl(const std::vector<config::AclOptions>& rules, absl::Span<const Entrance> entrances, OpenCounter open_counter);

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
    size_t first_zone = 0;  // the number of its first zone among those of all rules
  };
  struct Verdict {
    Action action = Action::kAllow;
    size_t zone = 0;  // that the query is in, counted through all rules; of what is not allowed
  };
  // One entrance's.
  struct Counts {
    base::Counter* allowed = nullptr;
    std::vector<std::array<base::Counter*, 3>> refused;  // by zone: blocked, filtered, dropped
  };

  Verdict Find(const Exchange& exchange) const;
  void Count(const Exchange& exchange, const Verdict& verdict) const;

  std::vector<Rule> rules_;
  std::vector<Counts> counts_;  // by entrance; empty: nobody wants to know
};

}  // namespace podnamed::plugins
