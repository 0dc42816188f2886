#include "config/view_directive.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace podnamed::config {
namespace {

// The words of the line belong together; blanks between them count as one.
void ReadExpression(const Directive& line, ViewOptions& view, const Context& context) {
  RefuseBlock(line, "expr EXPRESSION", context.errors);
  std::string text;
  for (const Token& word : line.arguments) text.append(text.empty() ? "" : " ").append(word.text);
  absl::StatusOr<ViewExpression> expression = ViewExpression::Parse(text);
  if (expression.ok()) {
    view.expressions.push_back(std::make_shared<const ViewExpression>(*std::move(expression)));
  } else {
    const Token& place = line.arguments.empty() ? line.name : line.arguments.front();
    context.errors.Add(place.position, "the expression {} cannot be read, {}", Quoted(text),
                       std::string(expression.status().message()));
  }
}

constexpr Word<ViewOptions> kProperties[] = {{"expr", ReadExpression, /*repeatable=*/true}};

constexpr Vocabulary<ViewOptions> kVocabulary = {"view property", kProperties, {}};

}  // namespace

void ReadView(const Directive& line, ServerBlockOptions& block, const Context& context) {
  if (line.arguments.size() != 1 || line.arguments.front().text.empty()) {
    context.errors.Add(line.name.position, "view has {} arguments; expected \"view NAME {{ expr EXPRESSION }}\"",
                       line.arguments.size());
    return;
  }
  ViewOptions& view = block.view ? *block.view : block.view.emplace();
  view.name = line.arguments.front().text;
  if (line.block.empty()) {
    context.errors.Add(line.name.position, "view has no expression; expected \"view NAME {{ expr EXPRESSION }}\"");
  }
  ReadBlock(line.block, kVocabulary, view, context);
}

}  // namespace podnamed::config
