#include "config/file_directive.h"

#include <utility>

#include "absl/types/span.h"
#include "config/reload_interval.h"
#include "config/zone_list.h"

namespace podnamed::config {
namespace {

void ReadReload(const Directive& line, FileOptions& file, const Context& context) {
  ReadReloadInterval(line, file.reload, context);
}

void ReadByTime(const Directive& line, FileOptions& file, const Context& context) {
  RefuseArguments(line, context.errors);
  file.by_time = true;
}

void ReadFallthrough(const Directive& line, FileOptions& file, const Context& context) {
  file.fallthrough = ReadFallthroughZones(line, context);
}

// Long without a meaning: names outside of the zone are asked of the server. CoreDNS passes over it, too.
void ReadUpstream(const Directive&, FileOptions&, const Context&) {}

constexpr Word<FileOptions> kProperties[] = {
    {"reload", ReadReload},
    {"reload_by_mtime", ReadByTime},
    {"fallthrough", ReadFallthrough},
    {"upstream", ReadUpstream},
};

constexpr Vocabulary<FileOptions> kVocabulary = {"file property", kProperties, {}};

}  // namespace

void ReadFile(const Directive& line, ServerBlockOptions& block, const Context& context) {
  FileOptions file;
  absl::Span<const Token> words = line.arguments;
  if (words.empty() || words.front().text.empty()) {
    const Position& place = words.empty() ? line.name.position : words.front().position;
    context.errors.Add(place, "file names no zone file; expected \"file DBFILE [ZONE…]\"");
  } else {
    file.file = words.front().text;
  }
  if (!words.empty()) words.remove_prefix(1);
  file.zones = ReadZonesOrKeys(words, block, context);
  ReadBlock(line.block, kVocabulary, file, context);
  block.file.push_back(std::move(file));
}

}  // namespace podnamed::config
