// The cluster as one configuration shows it: of all that a snapshot knows, what exists for those who ask here. Every
// lookup of an answer goes through it, so that what is hidden is hidden in every kind of record. Two pointers; lives as
// long as both.
#pragma once

#include <string_view>

#include "absl/algorithm/container.h"
#include "server/dns/types.h"
#include "server/resolve/options.h"
#include "server/state/snapshot.h"

namespace podnamed::resolve {

class ClusterView {
 public:
  using Identity = state::ServiceBlock::Identity;

  ClusterView(const state::Snapshot& snapshot, const ResolverOptions& options)
      : snapshot_(snapshot), options_(options) {}

  const state::Snapshot& snapshot() const { return snapshot_; }
  const ResolverOptions& options() const { return options_; }

  // Whether the configuration lists the namespace, or lists none.
  bool IsListed(std::string_view namespace_name) const {
    return options_.namespaces.empty() || absl::c_linear_search(options_.namespaces, namespace_name);
  }
  bool HasNamespace(std::string_view name) const {
    if (!IsListed(name)) return false;
    const state::Namespace* entry = snapshot_.FindNamespace(name);
    return entry != nullptr && options_.namespace_selector.Matches(*entry);
  }
  // The service, or the ServiceImport; nullptr if it is not there to be seen.
  const state::ServiceBlock* FindService(std::string_view namespace_name, std::string_view name,
                                         bool clusterset) const {
    const state::ServiceBlock* service = snapshot_.FindService(namespace_name, name, clusterset);
    return service != nullptr && Shows(*service) ? service : nullptr;
  }
  bool Shows(const state::ServiceBlock& service) const {
    return service.has_service() && HasNamespace(service.namespace_name()) &&
           options_.service_selector.Matches(service) && !(options_.ignore_empty_services && IsEmpty(service));
  }
  // Whether the endpoint's names answer.
  bool Shows(const Identity& identity) const { return options_.endpoints && identity.is_published(); }

  // The label that stands for the endpoint: its hostname, or its pod's name where that is asked for. Empty: the address
  // with dashes does.
  std::string_view LabelOf(const Identity& identity) const {
    if (!identity.hostname().empty()) return identity.hostname();
    return BearsPodName(identity) ? identity.name() : std::string_view();
  }
  // The same in wire form. REQUIRES: LabelOf(identity) is not empty.
  std::string_view WireLabelOf(const Identity& identity) const {
    return identity.hostname().empty() ? identity.wire_name() : identity.wire_hostname();
  }

 private:
  // A ClusterIP service that leads nowhere. A headless one without ready endpoints does not exist anyway.
  bool IsEmpty(const state::ServiceBlock& service) const {
    return service.kind() == state::ServiceKind::kClusterIp && !service.clusterset() &&
           service.published_ipv4().empty() && service.published_ipv6().empty();
  }
  bool BearsPodName(const Identity& identity) const {
    return options_.endpoint_pod_names && identity.is_pod() && identity.name().size() <= dns::kMaxLabelLength &&
           identity.name().find('.') == std::string_view::npos;
  }

  const state::Snapshot& snapshot_;
  const ResolverOptions& options_;
};

}  // namespace podnamed::resolve
