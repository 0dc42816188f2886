#include "config/auto_directive.h"

#include <re2/re2.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "config/reload_interval.h"
#include "config/zone_list.h"

namespace podnamed::config {
namespace {

constexpr std::string_view kUsage = "directory DIR [REGEXP ORIGIN_TEMPLATE]";

void ReadDirectory(const Directive& line, AutoOptions& zones, const Context& context) {
  const std::vector<Token>& words = line.arguments;
  RefuseBlock(line, kUsage, context.errors);
  if ((words.size() != 1 && words.size() != 3) || words.front().text.empty()) {
    context.errors.Add(line.name.position, "directory has {} arguments; expected \"{}\"", words.size(), kUsage);
    return;
  }
  zones.directory = words[0].text;
  if (words.size() == 1) return;
  zones.pattern = words[1].text;
  zones.origin = words[2].text;
  const RE2 pattern(zones.pattern, RE2::Quiet);
  if (!pattern.ok()) {
    context.errors.Add(words[1].position, "{} is no regular expression: {}", Quoted(zones.pattern), pattern.error());
  } else if (pattern.NumberOfCapturingGroups() == 0) {
    context.errors.Add(words[1].position, "{} has no group; expected one such as \"db\\.(.*)\"", Quoted(zones.pattern));
  }
}

void ReadReload(const Directive& line, AutoOptions& zones, const Context& context) {
  ReadReloadInterval(line, zones.reload, context);
}

// As in `file`.
void ReadUpstream(const Directive&, AutoOptions&, const Context&) {}

constexpr Word<AutoOptions> kProperties[] = {
    {"directory", ReadDirectory},
    {"reload", ReadReload},
    {"upstream", ReadUpstream},
};

constexpr Vocabulary<AutoOptions> kVocabulary = {"auto property", kProperties, {}};

}  // namespace

void ReadAuto(const Directive& line, ServerBlockOptions& block, const Context& context) {
  AutoOptions zones;
  zones.zones = ReadZonesOrKeys(line.arguments, block, context);
  ReadBlock(line.block, kVocabulary, zones, context);
  if (context.complete && std::none_of(line.block.begin(), line.block.end(),
                                       [](const Directive& inner) { return inner.name.text == "directory"; })) {
    context.errors.Add(line.name.position, "auto has no directory; expected \"{}\" in its block", kUsage);
  }
  block.auto_zones = std::move(zones);
}

}  // namespace podnamed::config
