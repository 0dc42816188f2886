#include "config/errors_directive.h"

#include <optional>
#include <string>
#include <utility>

#include "config/duration.h"
#include "config/regular_expression.h"

namespace podnamed::config {
namespace {

constexpr absl::Duration kLongestPeriod = absl::Hours(24 * 366);
constexpr std::string_view kConsolidateUsage = "consolidate DURATION REGEXP [LEVEL] [show_first]";

// A trace of the stack of what panics: nothing does.
void ReadStacktrace(const Directive& line, ErrorsOptions& /*errors*/, const Context& context) {
  if (line.arguments.empty() && !line.has_block) return;
  context.errors.Add(line.name.position, "stacktrace takes no arguments; expected \"stacktrace\"");
}

void ReadLevel(const Token& argument, ConsolidateOptions& options, const Context& context) {
  if (argument.text == "error") {
    options.level = base::LogLevel::kError;
  } else if (argument.text == "warning") {
    options.level = base::LogLevel::kWarning;
  } else if (argument.text == "info") {
    options.level = base::LogLevel::kInfo;
  } else if (argument.text == "debug") {
    options.level.reset();
  } else {
    context.errors.Add(argument.position, "the level is {}; expected error, warning, info, debug or show_first",
                       Quoted(argument.text));
  }
}

void ReadConsolidate(const Directive& line, ErrorsOptions& errors, const Context& context) {
  const std::vector<Token>& arguments = line.arguments;
  if (arguments.size() < 2 || arguments.size() > 4 || line.has_block) {
    context.errors.Add(line.name.position, "consolidate has {} arguments{}; expected \"{}\"", arguments.size(),
                       line.has_block ? " and a block" : "", kConsolidateUsage);
    return;
  }
  ConsolidateOptions options;
  const std::optional<absl::Duration> period = ParseDuration(arguments[0].text, kLongestPeriod);
  if (period) {
    options.period = *period;
  } else {
    context.errors.Add(arguments[0].position, "consolidate is {}; expected a duration such as \"30s\"",
                       Quoted(arguments[0].text));
  }
  ReadRegularExpression(arguments[1], options.pattern, context);
  options.show_first = arguments.size() > 2 && arguments.back().text == "show_first";
  const size_t words = arguments.size() - (options.show_first ? 1 : 0);
  if (words > 2) ReadLevel(arguments[2], options, context);
  if (words > 3) {
    context.errors.Add(arguments[3].position, "{} stands behind the level; expected show_first or nothing",
                       Quoted(arguments[3].text));
  }
  errors.consolidate.push_back(std::move(options));
}

constexpr Word<ErrorsOptions> kProperties[] = {{"stacktrace", ReadStacktrace},
                                               {"consolidate", ReadConsolidate, /*repeatable=*/true}};

constexpr Vocabulary<ErrorsOptions> kVocabulary = {"errors property", kProperties, {}};

}  // namespace

void ReadErrors(const Directive& line, ServerBlockOptions& block, const Context& context) {
  if (line.arguments.size() > 1) {
    context.errors.Add(line.name.position, "errors has {} arguments; expected \"errors [stdout]\"",
                       line.arguments.size());
  } else if (!line.arguments.empty() && line.arguments.front().text != "stdout") {
    context.errors.Add(line.arguments.front().position, "errors is {}; expected stdout or nothing",
                       Quoted(line.arguments.front().text));
  }
  ReadBlock(line.block, kVocabulary, block.errors.emplace(), context);
}

}  // namespace podnamed::config
