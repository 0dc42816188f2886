#include "config/vocabulary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/suggest.h"

namespace podnamed::config {

void RefuseUnknownWord(const Token& word, std::string_view kind, absl::Span<const std::string_view> ours,
                       absl::Span<const ForeignWord> words_of_coredns, std::string_view where_listed,
                       ErrorList& errors) {
  std::vector<std::string_view> known(ours.begin(), ours.end());
  for (const ForeignWord& foreign : words_of_coredns) {
    if (foreign.name == word.text) {
      errors.Add(word.position, "{} {} is known to CoreDNS, not supported by podnamed; {}", kind, Quoted(word.text),
                 foreign.advice);
      return;
    }
    known.push_back(foreign.name);
  }
  std::string expected = ours.empty() ? "none" : fmt::format("{}", fmt::join(ours, ", "));
  if (!where_listed.empty()) expected = where_listed;
  errors.Add(word.position, "unknown {} {}; expected {}{}", kind, Quoted(word.text), expected,
             DidYouMean(word.text, known));
}

void RefuseSecond(const Token& word, const Position& first, ErrorList& errors) {
  errors.Add(word.position, "{} stands here a second time; expected once, first at {}", word.text, PositionText(first));
}

const Token* OnlyArgument(const Directive& line, std::string_view usage, ErrorList& errors) {
  if (line.arguments.size() != 1) {
    errors.Add(line.name.position, "{} has {} arguments; expected \"{}\"", line.name.text, line.arguments.size(),
               usage);
    return nullptr;
  }
  const Token& argument = line.arguments.front();
  if (argument.text.empty()) {
    errors.Add(argument.position, "{} has an empty argument (a variable may be unset); expected \"{}\"", line.name.text,
               usage);
    return nullptr;
  }
  if (line.has_block) {
    errors.Add(line.name.position, "{} has a block; expected \"{}\"", line.name.text, usage);
    return nullptr;
  }
  return &argument;
}

void RefuseArguments(const Directive& line, ErrorList& errors) {
  if (line.arguments.empty()) return;
  errors.Add(line.arguments.front().position, "{} takes no argument", line.name.text);
}

void RefuseBlock(const Directive& line, std::string_view usage, ErrorList& errors) {
  if (line.has_block) errors.Add(line.name.position, "{} has a block; expected \"{}\"", line.name.text, usage);
}

}  // namespace podnamed::config
