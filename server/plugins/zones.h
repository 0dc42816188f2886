// Is a name in one of the zones of a plugin?
#pragma once

#include <algorithm>

#include "absl/types/span.h"
#include "server/dns/name.h"

namespace podnamed::plugins {

// REQUIRES: folded zones.
inline bool IsInZones(const dns::QueryName& name, absl::Span<const dns::Name> zones) {
  return std::any_of(zones.begin(), zones.end(),
                     [&name](const dns::Name& zone) { return name.LabelsAbove(zone.wire()).has_value(); });
}

}  // namespace podnamed::plugins
