#include "config/root_directive.h"

namespace podnamed::config {

void ReadRoot(const Directive& line, ServerBlockOptions& block, const Context& context) {
  if (const Token* directory = OnlyArgument(line, "root DIRECTORY", context.errors)) block.root = directory->text;
}

}  // namespace podnamed::config
