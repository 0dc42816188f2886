// The directives that are one word: any, local, loop, minimal, whoami.
#pragma once

#include "config/options.h"
#include "config/vocabulary.h"

namespace podnamed::config {

template <bool ServerBlockOptions::* flag>
void ReadBare(const Directive& line, ServerBlockOptions& block, const Context& context) {
  RefuseArguments(line, context.errors);
  RefuseBlock(line, line.name.text, context.errors);
  block.*flag = true;
}

}  // namespace podnamed::config
