#include "server/plugins/acl.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

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

Acl::Acl(const std::vector<config::AclOptions>& rules, absl::Span<const Entrance> entrances, OpenCounter open_counter) {
  std::vector<std::string> zones;  // of all rules
  for (const config::AclOptions& rule : rules) {
    Rule& added = rules_.emplace_back();
    added.zones = rule.zones;
    added.first_zone = zones.size();
    for (const dns::Name& zone : rule.zones) zones.push_back(zone.ToText());
    for (const config::AclPolicy& policy : rule.policies) {
      added.policies.push_back(
          {policy.action, policy.types, policy.networks.empty(), base::IpNetworkSet(policy.networks)});
    }
  }
  if (!open_counter) return;
  for (const Entrance& entrance : entrances) {
    Counts& counts = counts_.emplace_back();
    counts.allowed =
        &open_counter("coredns_acl_allowed_requests_total", {{"server", entrance.server}, {"view", entrance.view}});
    for (const std::string& zone : zones) {
      const std::vector<std::pair<std::string, std::string>> labels = {
          {"server", entrance.server}, {"zone", zone}, {"view", entrance.view}};
      counts.refused.push_back({&open_counter("coredns_acl_blocked_requests_total", labels),
                                &open_counter("coredns_acl_filtered_requests_total", labels),
                                &open_counter("coredns_acl_dropped_requests_total", labels)});
    }
  }
}

Next Acl::OnQuery(Exchange& exchange) {
  const Verdict verdict = Find(exchange);
  Count(exchange, verdict);
  switch (verdict.action) {
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

void Acl::Count(const Exchange& exchange, const Verdict& verdict) const {
  if (counts_.empty() || exchange.entrance == nullptr) return;
  const Counts& counts = counts_[exchange.entrance->index];
  if (verdict.action == Action::kAllow) {
    counts.allowed->Add();
    return;
  }
  const auto& [blocked, filtered, dropped] = counts.refused[verdict.zone];
  switch (verdict.action) {
    case Action::kAllow:
      break;
    case Action::kBlock:
      blocked->Add();
      break;
    case Action::kFilter:
      filtered->Add();
      break;
    case Action::kDrop:
      dropped->Add();
      break;
  }
}

Acl::Verdict Acl::Find(const Exchange& exchange) const {
  const dns::Query& query = *exchange.query;
  for (const Rule& rule : rules_) {
    const std::optional<size_t> zone = FindZone(query.name, rule.zones);
    if (!zone) continue;
    for (const Policy& policy : rule.policies) {
      const bool has_type =
          policy.types.empty() || std::find(policy.types.begin(), policy.types.end(), query.type) != policy.types.end();
      if (has_type && (policy.every_client || policy.clients.Contains(exchange.client))) {
        return {policy.action, rule.first_zone + *zone};
      }
    }
  }
  return {};
}

}  // namespace podnamed::plugins
