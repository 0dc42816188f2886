#include "config/reload_directive.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "config/duration.h"

namespace podnamed::config {
namespace {

constexpr absl::Duration kLongest = absl::Hours(24);
constexpr absl::Duration kShortestInterval = absl::Seconds(2);  // CoreDNS's, both
constexpr absl::Duration kShortestJitter = absl::Seconds(1);

}  // namespace

void ReadReload(const Directive& line, ServerBlockOptions& block, const Context& context) {
  RefuseBlock(line, "reload [INTERVAL] [JITTER]", context.errors);
  const std::vector<Token>& arguments = line.arguments;
  ReloadOptions& reload = block.reload.emplace();
  if (arguments.size() > 2) {
    context.errors.Add(line.name.position, "reload has {} arguments; expected \"reload [INTERVAL] [JITTER]\"",
                       arguments.size());
    return;
  }
  if (!arguments.empty()) {
    const auto interval = ParseDuration(arguments[0].text, kLongest);
    if (interval && *interval >= kShortestInterval) {
      reload.interval = *interval;
    } else {
      context.errors.Add(arguments[0].position,
                         "the interval of reload is {}; expected a duration such as \"30s\", 2s to 24h",
                         Quoted(arguments[0].text));
    }
  }
  if (arguments.size() > 1) {
    const auto jitter = ParseDuration(arguments[1].text, kLongest);
    if (jitter && (*jitter >= kShortestJitter || *jitter == absl::ZeroDuration())) {
      reload.jitter = *jitter;
    } else {
      context.errors.Add(arguments[1].position,
                         "the jitter of reload is {}; expected a duration such as \"15s\", 1s to 24h, or 0 for none",
                         Quoted(arguments[1].text));
    }
  }
  reload.jitter = std::min(reload.jitter, reload.interval / 2);
}

}  // namespace podnamed::config
