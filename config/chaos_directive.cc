#include "config/chaos_directive.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "server/base/version.h"

namespace podnamed::config {
namespace {

constexpr size_t kLongestText = 255;  // RFC 1035 section 3.3: a character-string

std::string TextOf(const Token& word, const Context& context) {
  if (word.text.size() > kLongestText) {
    context.errors.Add(word.position, "{} has {} octets; expected at most {}", Quoted(word.text), word.text.size(),
                       kLongestText);
  }
  return word.text;
}

}  // namespace

void ReadChaos(const Directive& line, ServerBlockOptions& block, const Context& context) {
  RefuseBlock(line, "chaos [VERSION [AUTHOR…]]", context.errors);
  ChaosOptions chaos = {.version = fmt::format("podnamed-{}", base::kVersion), .authors = {}};
  absl::Span<const Token> words = line.arguments;
  if (!words.empty()) {
    chaos.version = TextOf(words.front(), context);
    for (const Token& word : words.subspan(1)) chaos.authors.push_back(TextOf(word, context));
  }
  if (chaos.authors.empty()) chaos.authors.emplace_back("the podnamed authors");
  std::sort(chaos.authors.begin(), chaos.authors.end());
  chaos.authors.erase(std::unique(chaos.authors.begin(), chaos.authors.end()), chaos.authors.end());
  block.chaos = std::move(chaos);
}

}  // namespace podnamed::config
