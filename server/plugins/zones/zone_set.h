// The zones of one directive at one moment. Immutable; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "server/dns/name.h"
#include "server/zone/zone.h"

namespace podnamed::plugins {

class ZoneSet {
 public:
  // By their names, folded. nullptr: nothing has been read of the zone yet.
  using Zones = absl::flat_hash_map<std::string, std::shared_ptr<const zone::Zone>>;

  struct Match {
    std::string_view origin;  // empty: the name is in no zone
    const zone::Zone* zone = nullptr;
  };

  explicit ZoneSet(Zones zones) : zones_(std::move(zones)) {}

  const Zones& zones() const { return zones_; }

  // The zone with the longest name that `name` is at or below.
  Match Find(const dns::QueryName& name) const {
    for (size_t i = 0; i <= name.label_count() && !zones_.empty(); ++i) {
      const std::string_view suffix = name.folded().substr(name.label_start(i));
      const auto found = zones_.find(absl::string_view(suffix.data(), suffix.size()));
      if (found != zones_.end()) return {suffix, found->second.get()};
    }
    return {};
  }
  // The zone of that name, folded and in wire form; nullptr if there is none.
  std::shared_ptr<const zone::Zone> Get(std::string_view origin) const {
    const auto found = zones_.find(absl::string_view(origin.data(), origin.size()));
    return found == zones_.end() ? nullptr : found->second;
  }

 private:
  const Zones zones_;
};

}  // namespace podnamed::plugins
