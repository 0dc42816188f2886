#include "config/zone_list.h"

#include "absl/status/statusor.h"
#include "config/server_keys.h"

namespace podnamed::config {

std::vector<dns::Name> ReadZoneList(absl::Span<const Token> words, const Context& context) {
  std::vector<dns::Name> zones;
  for (const Token& word : words) {
    const absl::StatusOr<std::vector<dns::Name>> parsed = ParseZone(word.text);
    if (parsed.ok()) {
      zones.insert(zones.end(), parsed->begin(), parsed->end());
    } else {
      context.errors.Add(word.position, parsed.status());
    }
  }
  return zones;
}

std::vector<dns::Name> ReadZonesOrKeys(absl::Span<const Token> words, const ServerBlockOptions& block,
                                       const Context& context) {
  if (!words.empty()) return ReadZoneList(words, context);
  std::vector<dns::Name> zones;
  for (const ServerKey& key : block.keys) zones.push_back(key.zone);
  return zones;
}

std::vector<dns::Name> ReadFallthroughZones(const Directive& line, const Context& context) {
  if (line.arguments.empty()) return {dns::Name()};
  return ReadZoneList(line.arguments, context);
}

}  // namespace podnamed::config
