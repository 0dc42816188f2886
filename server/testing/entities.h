// For tests only: small clusters in one line. Everything lives in namespace "default" unless it says otherwise.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/state/entities.h"

namespace podnamed::testing {

inline std::vector<base::IpAddress> Addresses(const std::vector<std::string_view>& texts) {
  std::vector<base::IpAddress> addresses;
  for (const std::string_view text : texts) addresses.push_back(base::ParseIpAddress(text).value());
  return addresses;
}

inline state::Service Headless(std::string_view name, std::vector<state::Port> ports = {}) {
  return {.namespace_name = "default",
          .name = std::string(name),
          .uid = 0,
          .kind = state::ServiceKind::kHeadless,
          .addresses = {},
          .ports = std::move(ports),
          .external_name = {},
          .publish_not_ready = false};
}

inline state::Service ClusterIp(std::string_view name, const std::vector<std::string_view>& addresses,
                                std::vector<state::Port> ports = {}) {
  state::Service service = Headless(name, std::move(ports));
  service.kind = state::ServiceKind::kClusterIp;
  service.addresses = Addresses(addresses);
  return service;
}

// A ready pod of a StatefulSet: its hostname is its name.
inline state::PodIdentity Pod(std::string_view service, std::string_view name,
                              const std::vector<std::string_view>& addresses, std::vector<state::Port> ports = {}) {
  return {.namespace_name = "default",
          .service = std::string(service),
          .name = std::string(name),
          .is_pod = true,
          .hostname = std::string(name),
          .uid = 0,
          .addresses = Addresses(addresses),
          .ports = std::move(ports),
          .ready = true,
          .serving = true,
          .terminating = false};
}

inline state::PodIdentity NotReady(state::PodIdentity identity) {
  identity.ready = identity.serving = false;
  return identity;
}

template <typename Entity>
Entity InNamespace(std::string_view namespace_name, Entity entity) {
  entity.namespace_name = std::string(namespace_name);
  return entity;
}

template <typename Entity>
Entity WithUid(state::Uid uid, Entity entity) {
  entity.uid = uid;
  return entity;
}

}  // namespace podnamed::testing
