#include "server/plugins/zones/file_zones.h"

#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/base/log.h"

namespace podnamed::plugins {
namespace {

constexpr char kLog[] = "plugin/file";

}  // namespace

absl::StatusOr<std::unique_ptr<const FileZones>> FileZones::Open(const config::FileOptions& options,
                                                                 const std::string& path) {
  auto zones = absl::WrapUnique(new FileZones());
  for (const dns::Name& origin : options.zones) {
    ZoneLoader& loader = zones->loaders_.emplace_back(
        kLog, path, origin, options.by_time ? ZoneLoader::Decision::kByTime : ZoneLoader::Decision::kBySerial);
    const absl::Status status = loader.Load();
    const bool may_come = status.code() != absl::StatusCode::kInvalidArgument && options.reload > absl::ZeroDuration();
    if (!status.ok() && !may_come) return status;
    if (!status.ok()) {
      base::LogWarning(kLog, "zone {}: {}; trying again every {}", origin.ToText(), std::string(status.message()),
                       absl::FormatDuration(options.reload));
    }
  }
  zones->Publish();
  zones->ticker_.emplace(options.reload, [raw = zones.get()] { raw->Look(); });
  return zones;
}

void FileZones::Publish() {
  ZoneSet::Zones zones;
  for (const ZoneLoader& loader : loaders_) zones.emplace(loader.origin().wire(), loader.zone());
  zones_.Publish(std::make_shared<const ZoneSet>(std::move(zones)));
}

void FileZones::Look() {
  bool has_changed = false;
  for (ZoneLoader& loader : loaders_) has_changed |= loader.Reload();
  if (has_changed) Publish();
  zones_.Reclaim();
}

}  // namespace podnamed::plugins
