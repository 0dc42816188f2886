#include "config/timeouts_directive.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "config/duration.h"
#include "config/number.h"

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

void ReadMaxQueries(const Directive& line, TimeoutsOptions& timeouts, const Context& context) {
  const Token* argument = OnlyArgument(line, "maxtcpqueries NUMBER", context.errors);
  if (argument == nullptr || argument->text == "-1") return;
  const std::optional<uint32_t> number = ParseNumber(argument->text, std::numeric_limits<int32_t>::max());
  if (!number || *number == 0) {
    context.errors.Add(argument->position,
                       "maxtcpqueries is {}; expected 1 or more, or -1 for as many as a client likes",
                       Quoted(argument->text));
    return;
  }
  timeouts.max_queries = number;
}

constexpr Word<TimeoutsOptions> kProperties[] = {
    {"read", ReadTimeout<&TimeoutsOptions::read>},
    {"write", ReadTimeout<&TimeoutsOptions::write>},
    {"idle", ReadTimeout<&TimeoutsOptions::idle>},
    {"maxtcpqueries", ReadMaxQueries},
};

constexpr Vocabulary<TimeoutsOptions> kVocabulary = {"timeouts property", kProperties, {}};

}  // namespace

void ReadTimeouts(const Directive& line, ServerBlockOptions& block, const Context& context) {
  RefuseArguments(line, context.errors);
  if (line.block.empty()) {
    context.errors.Add(line.name.position,
                       "timeouts has none; expected in its block read, write or idle, each with a duration, or "
                       "maxtcpqueries");
  }
  TimeoutsOptions timeouts;
  ReadBlock(line.block, kVocabulary, timeouts, context);
  block.timeouts = timeouts;
}

}  // namespace podnamed::config
