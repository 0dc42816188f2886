// What an operator says of the source `kubernetes`. Values.
#pragma once

#include <string>

#include "controller/kube/find_access.h"
#include "controller/source/removal_hold.h"

namespace podnamed::controller {

// What is followed. Services, EndpointSlices and Namespaces always are.
struct KubernetesResources {
  bool pods = false;                  // for what asks who has an address: pods verified, shortnames
  bool service_imports = false;       // for multicluster
  std::string service_selector = {};  // as kubectl takes it; empty: all
  std::string namespace_selector = {};
};

struct KubernetesOptions {
  kube::AccessOptions access = {};
  KubernetesResources resources = {};
  RemovalLimits removals = {};
};

}  // namespace podnamed::controller
