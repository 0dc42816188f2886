#include "config/debug_directive.h"

#include <fmt/format.h>

namespace podnamed::config {

void ReadDebug(const Directive& line, ServerBlockOptions& block, const Context& context) {
  RefuseArguments(line, context.errors);
  RefuseBlock(line, "debug", context.errors);
  block.warnings.push_back(fmt::format(
      "{}: debug changes nothing: podnamed has no debug lines, and never goes on after a fault; podnamectl explains "
      "what a name answers, and why",
      PositionText(line.name.position)));
}

}  // namespace podnamed::config
