#include "server/forwarding.h"

#include <fmt/format.h>

#include "absl/algorithm/container.h"
#include "absl/time/time.h"
#include "server/base/status.h"
#include "server/plugins/forward.h"
#include "server/upstream/upstream_group.h"

namespace podnamed {
namespace {

upstream::GroupOptions GroupOptionsOf(const config::ForwardOptions& options) {
  using Policy = config::ForwardOptions::Policy;
  upstream::GroupOptions group;
  switch (options.policy) {
    case Policy::kRandom:
      group.policy = upstream::GroupOptions::Policy::kRandom;
      break;
    case Policy::kRoundRobin:
      group.policy = upstream::GroupOptions::Policy::kRoundRobin;
      break;
    case Policy::kSequential:
      group.policy = upstream::GroupOptions::Policy::kSequential;
      break;
  }
  group.force_tcp = options.force_tcp;
  group.prefer_udp = options.prefer_udp;
  group.max_fails = options.max_fails;
  group.max_attempts = options.max_attempts;
  group.fail_fast = options.fail_fast;
  group.failover = options.failover;
  group.probe_interval = absl::ToChronoMilliseconds(options.health_interval);
  group.probe_recursion = options.health_recursion;
  group.probe_name = options.health_domain;
  return group;
}

const std::string& TlsServerName(const config::ForwardOptions& options, const config::ForwardTarget& target) {
  return target.tls_server_name.empty() ? options.tls_server_name : target.tls_server_name;
}

std::vector<upstream::GroupMember> MembersOf(const config::ForwardOptions& options, const ForwardShared& shared,
                                             const ForwardUse& use, const std::vector<config::ForwardTarget>& targets) {
  std::vector<upstream::GroupMember> members;
  for (const config::ForwardTarget& target : targets) {
    upstream::GroupMember& member = members.emplace_back();
    member.name = target.endpoint.ToString();
    member.options.address = *target.endpoint.address;
    member.options.port = target.endpoint.port;
    member.options.read_timeout = absl::ToChronoMilliseconds(options.read_timeout);
    member.options.expire = absl::ToChronoMilliseconds(options.expire);
    member.options.streams.max_idle_connections = options.max_idle_connections;
    if (target.is_tls) {
      const std::string& name = TlsServerName(options, target);
      member.options.tls = absl::c_find_if(shared.tls, [&](const auto& one) { return one.first == name; })->second;
      member.name = fmt::format("tls://{}{}{}", member.name, name.empty() ? "" : "%", name);
    }
    if (use.metrics != nullptr) member.counters = use.metrics->OpenMember(use.worker, member.name);
  }
  return members;
}

}  // namespace

absl::StatusOr<std::shared_ptr<ForwardShared>> ShareForward(const config::ForwardOptions& options, int workers) {
  auto shared = std::make_shared<ForwardShared>();
  for (const config::ForwardTarget& target : options.targets) {
    const std::string& name = TlsServerName(options, target);
    const bool is_known = absl::c_any_of(shared->tls, [&](const auto& one) { return one.first == name; });
    if (!target.is_tls || is_known) continue;
    ASSIGN_OR_RETURN(auto context, upstream::TlsContext::Make({.server_name = name,
                                                               .ca_file = options.tls_ca,
                                                               .certificate_file = options.tls_certificate,
                                                               .key_file = options.tls_key}));
    shared->tls.emplace_back(name, std::move(context));
  }
  shared->targets = std::make_unique<plugins::ForwardTargets>(options);
  shared->groups.resize(static_cast<size_t>(workers));
  return shared;
}

std::unique_ptr<plugins::Plugin> MakeForward(const config::ForwardOptions& options, ForwardShared& shared,
                                             const ForwardUse& use) {
  std::shared_ptr<upstream::UpstreamGroup> group;
  const bool is_worker = use.metrics != nullptr;
  if (is_worker) group = shared.groups[static_cast<size_t>(use.worker)].lock();
  if (group == nullptr) {
    upstream::GroupOptions group_options = GroupOptionsOf(options);
    if (use.deadline) group_options.deadline = absl::ToChronoMilliseconds(*use.deadline);
    if (is_worker) group_options.counters = use.metrics->OpenGroup(use.worker);
    group = std::make_shared<upstream::UpstreamGroup>(use.executor, group_options);
    if (is_worker) shared.groups[static_cast<size_t>(use.worker)] = group;
  }
  return std::make_unique<plugins::Forward>(
      options, *shared.targets, std::move(group),
      [&options, &shared, use](const auto& targets) { return MembersOf(options, shared, use, targets); }, use.has_next);
}

}  // namespace podnamed
