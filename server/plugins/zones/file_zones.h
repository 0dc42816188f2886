// The zones of one `file` directive: read at the start, and again when their file has changed, on a thread of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "config/zone_options.h"
#include "server/plugins/published.h"
#include "server/plugins/ticker.h"
#include "server/plugins/zones/zone_loader.h"
#include "server/plugins/zones/zone_set.h"

namespace podnamed::plugins {

class FileZones {
 public:
  // `path` is the file's, from the working directory. A file that is wrong is an error; one that is missing is waited
  // for, if anybody looks again.
  static absl::StatusOr<std::unique_ptr<const FileZones>> Open(const config::FileOptions& options,
                                                               const std::string& path);

  const Published<ZoneSet>& zones() const { return zones_; }

 private:
  FileZones() = default;

  void Publish();
  void Look();

  std::vector<ZoneLoader> loaders_;
  Published<ZoneSet> zones_;
  std::optional<Ticker> ticker_;  // goes first
};

}  // namespace podnamed::plugins
