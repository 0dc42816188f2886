// `file` and `auto`: answers from zones; passes on names outside of them. An alias that leads out of its zone is
// followed: what it stands for is asked of the server as if a client had.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/plugins/plugin.h"
#include "server/plugins/published.h"
#include "server/plugins/zones/zone_set.h"
#include "server/zone/lookup.h"

namespace podnamed::plugins {

class ZonePlugin : public Plugin {
 public:
  // Of one directive.
  struct Source {
    const Published<ZoneSet>* zones = nullptr;  // outlives the plugin
    std::vector<dns::Name> fallthrough;         // folded; names in these zones that have nothing are left to the next
    std::shared_ptr<const ZoneSet> current = {};
  };

  // `name` is a literal.
  ZonePlugin(std::string_view name, std::vector<Source> sources);

  std::string_view name() const override { return name_; }
  Next OnQuery(Exchange& exchange) override;
  void OnIdle() override;

 private:
  struct Found {
    const Source* source = nullptr;  // nullptr: the name is in no zone
    const zone::Zone* zone = nullptr;
  };

  Found Find(const dns::QueryName& name) const;
  zone::ZoneReply Answer(const zone::Zone& zone, Exchange& exchange) const;
  // With what is outside of the zone.
  void Complete(Exchange& exchange, const Exchange& child) const;

  const std::string_view name_;
  std::vector<Source> sources_;
};

}  // namespace podnamed::plugins
