#include "server/plugins/zones/zone_loader.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "config/environment.h"
#include "server/base/log.h"
#include "server/zone/zone_file.h"

namespace podnamed::plugins {
namespace {

constexpr size_t kLargestZoneFile = size_t{1} << 30;

}  // namespace

absl::Status ZoneLoader::Load() {
  absl::Status status = Read();
  if (!status.ok()) return status;
  zone_ = read_;
  Tell();
  return status;
}

bool ZoneLoader::Reload() {
  if (!HasChanged()) return false;
  if (const absl::Status status = Read(); !status.ok()) {
    const std::string message(status.message());
    for (const absl::string_view line : absl::StrSplit(message, '\n')) base::LogError(log_, "{}", std::string(line));
    base::LogError(log_, "zone {}: {}", origin_.ToText(),
                   zone_ == nullptr ? "there is nothing to answer with" : "what was read before stays");
    return false;
  }
  const uint32_t serial = read_->soa().serial;
  if (zone_ != nullptr && zone_->soa().serial == serial && decision_ == Decision::kBySerial) {
    base::LogWarning(log_, "{} has changed, and the serial of {} is still {}: what was read before stays", path_,
                     origin_.ToText(), serial);
    return false;
  }
  zone_ = read_;
  Tell();
  return true;
}

bool ZoneLoader::HasChanged() const {
  return seen_.empty() || std::any_of(seen_.begin(), seen_.end(),
                                      [](const auto& seen) { return FileStamp::Of(seen.first) != seen.second; });
}

// Each stamp is taken before its file is read: one that changes meanwhile is read again.
absl::Status ZoneLoader::Read() {
  const config::SystemEnvironment files(kLargestZoneFile);
  seen_ = {{path_, FileStamp::Of(path_)}};
  const absl::StatusOr<std::string> content = files.ReadFile(path_);
  if (!content.ok()) {
    return absl::Status(content.status().code(), absl::StrCat(path_, " cannot be read: ", content.status().message()));
  }
  absl::StatusOr<zone::LoadedZone> loaded =
      zone::ReadZoneFile(path_, *content, origin_, [this, &files](const std::string& path) {
        seen_.emplace_back(path, FileStamp::Of(path));
        return files.ReadFile(path);
      });
  if (!loaded.ok()) return absl::InvalidArgumentError(loaded.status().message());
  read_ = std::move(loaded->zone);
  warnings_ = std::move(loaded->warnings);
  return absl::OkStatus();
}

void ZoneLoader::Tell() const {
  for (const std::string& warning : warnings_) base::LogWarning(log_, "{}", warning);
  base::LogInfo(log_, "zone {} of {}: {} records, serial {}", origin_.ToText(), path_, zone_->record_count(),
                zone_->soa().serial);
}

}  // namespace podnamed::plugins
