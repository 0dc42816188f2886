// Who is asking? "-as POD|ADDRESS" as an address, and as the pod that has it. Pure but for the moment in which it holds
// the newest snapshot; any thread.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/admin/subject.h"
#include "server/base/ip_address.h"

namespace podnamed::admin {

struct Client {
  base::IpAddress address;
  // Of the pod with that address; empty if the address is no pod's, or is not known.
  std::string namespace_name;
  std::string pod;
  const ClusterSubject* cluster = nullptr;  // that knows the pod
};

// `as` is an address, "pod" or "namespace/pod"; empty: this host, 127.0.0.1. INVALID_ARGUMENT says why nobody, or more
// than one pod, is meant. In a pod of several addresses the first one asks.
absl::StatusOr<Client> FindClient(const Subject& subject, std::string_view as);

}  // namespace podnamed::admin
