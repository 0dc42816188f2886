// The zones of `auto`: a directory whose files' names say which zones they are; files come, change and go. The
// directory is looked through on a thread of its own.
#pragma once

#include <re2/re2.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "config/zone_options.h"
#include "server/plugins/published.h"
#include "server/plugins/ticker.h"
#include "server/plugins/zones/zone_loader.h"
#include "server/plugins/zones/zone_set.h"

namespace podnamed::plugins {

class AutoZones {
 public:
  // `directory` is from the working directory. Looks once before it returns. A directory that is missing, and files
  // that are wrong, are logged.
  AutoZones(const config::AutoOptions& options, std::string directory);

  const Published<ZoneSet>& zones() const { return zones_; }

 private:
  struct Loaded {
    std::string path;
    ZoneLoader loader;
  };

  void Look();
  // Paths by the zones, folded, that the files' names say; of two files of one zone the first in the order of paths.
  std::map<dns::Name, std::string> Scan();
  // The zone of a file's name; std::nullopt if it says none that is ours.
  std::optional<dns::Name> OriginOf(const std::string& file_name) const;
  void Publish();

  const config::AutoOptions options_;
  const std::string directory_;
  const RE2 pattern_;
  std::string scan_error_;  // the last, which is told once
  std::map<dns::Name, Loaded> loaded_;
  Published<ZoneSet> zones_;
  std::optional<Ticker> ticker_;  // goes first
};

}  // namespace podnamed::plugins
