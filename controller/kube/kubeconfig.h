// The file by which kubectl finds a cluster, as an Access. What we do not support is an error and no guess: whoever is
// let in by it must not be let in as somebody else. Pure.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "controller/kube/access.h"

namespace podnamed::kube {

// `text` is that of the file at `path`, from whose directory relative paths in it start; `context` one of its contexts,
// empty for its current one. An error begins with "path:line: ".
absl::StatusOr<Access> ParseKubeconfig(std::string_view text, const std::string& path, std::string_view context);

}  // namespace podnamed::kube
