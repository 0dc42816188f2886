#include "config/health_directive.h"

#include <optional>

#include "absl/time/time.h"
#include "config/duration.h"
#include "config/page_address.h"

namespace podnamed::config {
namespace {

// Kubernetes waits 30 s for a pod to end, if nobody says otherwise.
constexpr absl::Duration kLongestLameduck = absl::Hours(1);

void ReadLameduck(const Directive& line, HealthOptions& health, const Context& context) {
  const Token* argument = OnlyArgument(line, "lameduck DURATION", context.errors);
  if (argument == nullptr) return;
  const std::optional<absl::Duration> duration = ParseDuration(argument->text, kLongestLameduck);
  if (!duration) {
    context.errors.Add(argument->position, "lameduck is {}; expected a duration such as \"5s\", at most 1h",
                       Quoted(argument->text));
    return;
  }
  health.lameduck = *duration;
}

constexpr Word<HealthOptions> kProperties[] = {{"lameduck", ReadLameduck}};

constexpr Vocabulary<HealthOptions> kVocabulary = {"health property", kProperties, {}};

}  // namespace

void ReadHealth(const Directive& line, ServerBlockOptions& block, const Context& context) {
  HealthOptions health;
  if (const auto endpoint = ReadPageAddress(line, ":8080", "health [ADDRESS]", context)) health.endpoint = *endpoint;
  ReadBlock(line.block, kVocabulary, health, context);
  block.health = health;
}

}  // namespace podnamed::config
