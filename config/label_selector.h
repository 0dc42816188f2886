// Kubernetes' label selectors as text: "app=web,tier in (front, back),!legacy" (apimachinery's labels.Parse, without
// its comparisons of numbers, which CoreDNS does not take either). Pure; any thread.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "server/state/label_selector.h"

namespace podnamed::config {

// InvalidArgument, "what was found; what was expected", for the caller to put the place in front.
absl::StatusOr<state::LabelSelector> ParseLabelSelector(std::string_view text);

}  // namespace podnamed::config
