// Is a name in one of the zones of a plugin, and in which?
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

#include "absl/types/span.h"
#include "server/dns/name.h"

namespace podnamed::plugins {

// REQUIRES: folded zones.
inline bool IsInZones(const dns::QueryName& name, absl::Span<const dns::Name> zones) {
  return std::any_of(zones.begin(), zones.end(),
                     [&name](const dns::Name& zone) { return name.LabelsAbove(zone.wire()).has_value(); });
}

// The index of the longest zone that the name is in. REQUIRES: folded zones.
inline std::optional<size_t> FindZone(const dns::QueryName& name, absl::Span<const dns::Name> zones) {
  std::optional<size_t> found;
  for (size_t i = 0; i < zones.size(); ++i) {
    if (!name.LabelsAbove(zones[i].wire())) continue;
    if (!found || zones[i].wire().size() > zones[*found].wire().size()) found = i;
  }
  return found;
}

}  // namespace podnamed::plugins
