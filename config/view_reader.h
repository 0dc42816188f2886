// Reads a condition of `view` into a tree. Pure; any thread.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "config/view_node.h"

namespace podnamed::config {

// The tree of a bool. An error says what was found, at which character, and what was expected.
absl::StatusOr<std::unique_ptr<ViewNode>> ReadViewExpression(std::string_view text);

}  // namespace podnamed::config
