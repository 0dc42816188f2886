// Where the API server is and who we are to it, as an operator says it by flags or in a Corefile.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "controller/kube/access.h"

namespace podnamed::kube {

// All empty: this is a pod, and the cluster is its own.
struct AccessOptions {
  std::string endpoint = {};     // URL; in place of the kubeconfig's where both are given
  std::string certificate = {};  // files in PEM; in place of the kubeconfig's
  std::string key = {};
  std::string ca = {};
  std::string kubeconfig = {};  // file
  std::string context = {};     // of it; empty: its current one

  friend bool operator==(const AccessOptions&, const AccessOptions&) = default;
};

// Reads the kubeconfig and the environment; the files that these name are read later, again and again. The error is one
// sentence.
absl::StatusOr<Access> FindAccess(const AccessOptions& options);

}  // namespace podnamed::kube
