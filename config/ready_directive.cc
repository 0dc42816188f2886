#include "config/ready_directive.h"

#include "config/page_address.h"

namespace podnamed::config {
namespace {

// Whether a plugin that was ready once is asked again. `kubernetes`, once ready, always is: the last known state keeps
// answering. So both words mean the same.
void ReadMonitor(const Directive& line, ServerBlockOptions& /*block*/, const Context& context) {
  const Token* argument = OnlyArgument(line, "monitor until-ready|continuously", context.errors);
  if (argument == nullptr || argument->text == "until-ready" || argument->text == "continuously") return;
  context.errors.Add(argument->position, "monitor is {}; expected until-ready or continuously", Quoted(argument->text));
}

constexpr Word<ServerBlockOptions> kProperties[] = {{"monitor", ReadMonitor}};

constexpr Vocabulary<ServerBlockOptions> kVocabulary = {"ready property", kProperties, {}};

}  // namespace

void ReadReady(const Directive& line, ServerBlockOptions& block, const Context& context) {
  block.ready = ReadPageAddress(line, ":8181", "ready [ADDRESS]", context);
  ReadBlock(line.block, kVocabulary, block, context);
}

}  // namespace podnamed::config
