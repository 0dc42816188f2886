#include "server/plugins/zones/auto_zones.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "server/base/log.h"

namespace podnamed::plugins {
namespace {

constexpr char kLog[] = "plugin/auto";

// The template with what the groups have matched in place of "{1}", "{2}" …
std::string Expand(const std::string& origin, const std::vector<re2::StringPiece>& groups) {
  std::string text;
  for (size_t i = 0; i < origin.size(); ++i) {
    const bool is_group = origin[i] == '{' && i + 2 < origin.size() && origin[i + 2] == '}' &&
                          absl::ascii_isdigit(static_cast<unsigned char>(origin[i + 1]));
    if (!is_group) {
      text.push_back(origin[i]);
      continue;
    }
    const auto group = static_cast<size_t>(origin[i + 1] - '0');
    if (group < groups.size()) text.append(groups[group].data(), groups[group].size());
    i += 2;
  }
  return text;
}

}  // namespace

AutoZones::AutoZones(const config::AutoOptions& options, std::string directory)
    : options_(options), directory_(std::move(directory)), pattern_(options.pattern, RE2::Quiet) {
  Publish();
  Look();
  ticker_.emplace(options_.reload, [this] { Look(); });
}

void AutoZones::Look() {
  const std::map<dns::Name, std::string> found = Scan();
  bool has_changed = false;
  for (auto loaded = loaded_.begin(); loaded != loaded_.end();) {
    const auto file = found.find(loaded->first);
    if (file != found.end() && file->second == loaded->second.path) {
      ++loaded;
      continue;
    }
    base::LogInfo(kLog, "zone {} of {} is gone", loaded->first.ToText(), loaded->second.path);
    has_changed |= loaded->second.loader.zone() != nullptr;
    loaded = loaded_.erase(loaded);
  }
  for (const auto& [origin, path] : found) {
    const auto entry =
        loaded_.try_emplace(origin, Loaded{path, ZoneLoader(kLog, path, origin, ZoneLoader::Decision::kBySerial)})
            .first;
    has_changed |= entry->second.loader.Reload();
  }
  if (has_changed) Publish();
  zones_.Reclaim();
}

std::map<dns::Name, std::string> AutoZones::Scan() {
  namespace fs = std::filesystem;
  std::error_code error;
  std::set<std::string> paths;
  fs::recursive_directory_iterator entry(directory_, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code gone;
    const std::string name = entry->path().filename().string();
    // What Kubernetes keeps behind the files of a ConfigMap: "..2026_11_01", "..data".
    if (name.starts_with("..")) entry.disable_recursion_pending();
    if (!name.starts_with("..") && entry->is_regular_file(gone)) paths.insert(entry->path().string());
  }
  if (error && error.message() != scan_error_) {
    base::LogWarning(kLog, "{} cannot be looked through: {}", directory_, error.message());
  }
  scan_error_ = error ? error.message() : "";
  std::map<dns::Name, std::string> found;
  if (error && !loaded_.empty()) {
    // What was there before stays until the directory can be read.
    for (const auto& [origin, loaded] : loaded_) found.emplace(origin, loaded.path);
    return found;
  }
  for (const std::string& path : paths) {
    const std::optional<dns::Name> origin = OriginOf(fs::path(path).filename().string());
    if (origin) found.try_emplace(*origin, path);
  }
  return found;
}

std::optional<dns::Name> AutoZones::OriginOf(const std::string& file_name) const {
  std::vector<re2::StringPiece> groups(static_cast<size_t>(pattern_.NumberOfCapturingGroups()) + 1);
  if (!pattern_.Match(file_name, 0, file_name.size(), RE2::UNANCHORED, groups.data(),
                      static_cast<int>(groups.size()))) {
    return std::nullopt;
  }
  const absl::StatusOr<dns::Name> origin = dns::Name::FromText(Expand(options_.origin, groups));
  if (!origin.ok()) return std::nullopt;
  const dns::Name folded = origin->Folded();
  const bool is_ours = std::any_of(options_.zones.begin(), options_.zones.end(),
                                   [&folded](const dns::Name& zone) { return folded.IsAtOrBelow(zone); });
  return is_ours ? std::optional(folded) : std::nullopt;
}

void AutoZones::Publish() {
  ZoneSet::Zones zones;
  for (const auto& [origin, loaded] : loaded_) {
    if (loaded.loader.zone() != nullptr) zones.emplace(origin.wire(), loaded.loader.zone());
  }
  zones_.Publish(std::make_shared<const ZoneSet>(std::move(zones)));
}

}  // namespace podnamed::plugins
