#include "server/plugins/acl.h"

#include <algorithm>

#include "server/dns/edns.h"
#include "server/plugins/zones.h"

namespace podnamed::plugins {
namespace {

// A code alone says it: a reply to what anybody may send in anybody's name stays short.
Next Done(Exchange& exchange, resolve::Outcome outcome, uint16_t info_code) {
  exchange.answer.outcome = outcome;
  exchange.rcode = resolve::RcodeOf(outcome);
  exchange.answer.reason.set_info_code(info_code);
  exchange.answered_by = "acl";
  return Next::kDone;
}

}  // namespace

Acl::Acl(const std::vector<config::AclOptions>& rules) {
  for (const config::AclOptions& rule : rules) {
    Rule& added = rules_.emplace_back();
    added.zones = rule.zones;
    for (const config::AclPolicy& policy : rule.policies) {
      added.policies.push_back(
          {policy.action, policy.types, policy.networks.empty(), base::IpNetworkSet(policy.networks)});
    }
  }
}

Next Acl::OnQuery(Exchange& exchange) {
  switch (Find(exchange)) {
    case Action::kAllow:
      return Next::kPass;
    case Action::kBlock:
      return Done(exchange, resolve::Outcome::kRefused, dns::ExtendedError::kBlocked);
    case Action::kFilter:
      return Done(exchange, resolve::Outcome::kNoData, dns::ExtendedError::kFiltered);
    case Action::kDrop:
      return Next::kDrop;
  }
  return Next::kPass;
}

Acl::Action Acl::Find(const Exchange& exchange) const {
  const dns::Query& query = *exchange.query;
  for (const Rule& rule : rules_) {
    if (!IsInZones(query.name, rule.zones)) continue;
    for (const Policy& policy : rule.policies) {
      const bool has_type =
          policy.types.empty() || std::find(policy.types.begin(), policy.types.end(), query.type) != policy.types.end();
      if (has_type && (policy.every_client || policy.clients.Contains(exchange.client))) return policy.action;
    }
  }
  return Action::kAllow;
}

}  // namespace podnamed::plugins
