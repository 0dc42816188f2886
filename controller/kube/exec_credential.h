// What an exec credential plugin is told and what it answers: ExecCredential of client.authentication.k8s.io. Pure.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/kube/access.h"

namespace podnamed::kube {

struct ExecCredential {
  std::string token = {};
  std::string certificate = {};  // PEM, with `key`
  std::string key = {};
  absl::Time expiry = absl::InfiniteFuture();
};

// The value of KUBERNETES_EXEC_INFO. `ca` is the cluster's in PEM. REQUIRES: access.exec.
std::string ExecInfo(const Access& access, std::string_view ca);

// The error says what is wrong with the plugin's output, without the output: it holds secrets.
absl::StatusOr<ExecCredential> ParseExecCredential(std::string_view text, const ExecPlugin& plugin);

}  // namespace podnamed::kube
