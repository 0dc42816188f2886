#include "config/cancel_directive.h"

#include <optional>

#include "config/duration.h"

namespace podnamed::config {
namespace {

constexpr absl::Duration kDefault = absl::Milliseconds(5001);  // CoreDNS's
constexpr absl::Duration kLongest = absl::Minutes(1);

}  // namespace

void ReadCancel(const Directive& line, ServerBlockOptions& block, const Context& context) {
  block.cancel = kDefault;
  RefuseBlock(line, "cancel [DURATION]", context.errors);
  if (line.arguments.empty()) return;
  const Token* argument = OnlyArgument(line, "cancel [DURATION]", context.errors);
  if (argument == nullptr) return;
  const std::optional<absl::Duration> duration = ParseDuration(argument->text, kLongest);
  if (!duration || *duration == absl::ZeroDuration()) {
    context.errors.Add(argument->position, "cancel is {}; expected a duration such as \"5s\", above 0, at most 1m",
                       Quoted(argument->text));
    return;
  }
  block.cancel = *duration;
}

}  // namespace podnamed::config
