// Which pods does a selector mean? Kubernetes' label selectors (apimachinery/pkg/labels). Pure.
#pragma once

#include <string>

#include "google/protobuf/map.h"
#include "proto/k8s/meta/v1/meta.pb.h"

namespace podnamed::controller {

using Labels = google::protobuf::Map<std::string, std::string>;

// True if `labels` hold every pair of a Service's selector. REQUIRES: `selector` is not empty (an empty one in a
// Service selects nothing; whoever asks has to know).
bool SelectorMatches(const Labels& selector, const Labels& labels);

// The same for the selector of a StatefulSet; an empty one matches everything.
bool SelectorMatches(const k8s::meta::v1::LabelSelector& selector, const Labels& labels);

}  // namespace podnamed::controller
