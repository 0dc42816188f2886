// A pod as it is kept where its Service's slices say what its identities are: what these have of it besides, and what
// its own record has. Some 40 octets, where all that identities could be made of takes 200. Pure.
#pragma once

#include <string>
#include <string_view>

#include "proto/k8s/core/v1/core.pb.h"

namespace podnamed::controller {

// Appends uid, node, addresses, what it tells of its StatefulSet, and whether it has ended; no octet of the name, which
// whoever keeps it has as its key. Pods of a name that say the same of these have equal octets.
void EncodeBrief(const k8s::core::v1::Pod& pod, std::string* octets);

// A pod that says the same of these, without its namespace. REQUIRES: EncodeBrief made the octets, of a pod of that
// name.
void DecodeBrief(std::string_view octets, std::string_view name, k8s::core::v1::Pod* pod);

}  // namespace podnamed::controller
