#include "config/regular_expression.h"

#include <re2/re2.h>

namespace podnamed::config {

bool ReadRegularExpression(const Token& word, std::string& pattern, const Context& context) {
  constexpr size_t kLongest = 10'000;  // CoreDNS's
  if (word.text.size() > kLongest) {
    context.errors.Add(word.position, "the regular expression has {} characters; expected at most {}", word.text.size(),
                       kLongest);
    return false;
  }
  const RE2 expression(word.text, RE2::Quiet);
  if (!expression.ok()) {
    context.errors.Add(word.position, "{} is no regular expression: {}; expected RE2's syntax, as Go has it",
                       Quoted(word.text), expression.error());
    return false;
  }
  pattern = word.text;
  return true;
}

}  // namespace podnamed::config
