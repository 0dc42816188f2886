#include "config/timeouts_directive.h"

#include <optional>
#include <string>

#include "config/duration.h"

namespace podnamed::config {
namespace {

constexpr absl::Duration kShortest = absl::Seconds(1);  // CoreDNS's, both
constexpr absl::Duration kLongest = absl::Hours(24);

template <std::optional<absl::Duration> TimeoutsOptions::* timeout>
void ReadTimeout(const Directive& line, TimeoutsOptions& timeouts, const Context& context) {
  const Token* argument = OnlyArgument(line, line.name.text + " DURATION", context.errors);
  if (argument == nullptr) return;
  const bool is_number = argument->text.find_first_not_of("0123456789") == std::string::npos;
  const auto duration = ParseDuration(is_number ? argument->text + "s" : argument->text, kLongest);
  if (!duration || *duration < kShortest) {
    context.errors.Add(argument->position, "{} is {}; expected a duration such as \"5s\", 1s to 24h", line.name.text,
                       Quoted(argument->text));
    return;
  }
  timeouts.*timeout = duration;
}

constexpr Word<TimeoutsOptions> kProperties[] = {
    {"read", ReadTimeout<&TimeoutsOptions::read>},
    {"write", ReadTimeout<&TimeoutsOptions::write>},
    {"idle", ReadTimeout<&TimeoutsOptions::idle>},
};

constexpr ForeignWord kPropertiesOfCoreDns[] = {
    {"maxtcpqueries", "remove it: a connection may ask as often as it likes"}};

constexpr Vocabulary<TimeoutsOptions> kVocabulary = {"timeouts property", kProperties, kPropertiesOfCoreDns};

}  // namespace

void ReadTimeouts(const Directive& line, ServerBlockOptions& block, const Context& context) {
  RefuseArguments(line, context.errors);
  if (line.block.empty()) {
    context.errors.Add(line.name.position,
                       "timeouts has none; expected in its block read, write or idle, each with a "
                       "duration");
  }
  TimeoutsOptions timeouts;
  ReadBlock(line.block, kVocabulary, timeouts, context);
  block.timeouts = timeouts;
}

}  // namespace podnamed::config
