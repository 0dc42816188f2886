// What may stand in a block: a table of words, each with the function that reads it. The same for the directives of a
// server block and the properties of a directive; a new word is one line in its table and one function.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "config/environment.h"
#include "config/error_list.h"
#include "config/parser.h"

namespace podnamed::config {

// What every reading function may use. All of it outlives the reading.
struct Context {
  const Environment& environment;
  ErrorList& errors;
  uint16_t default_port;
  // False if something could not be read: then nothing may be called missing.
  bool complete;
};

template <typename Target>
struct Word {
  std::string_view name;
  // Puts what the line says into `target`, or errors into the context.
  void (*read)(const Directive& line, Target& target, const Context& context);
  bool repeatable = false;
};

// A word that CoreDNS has and podnamed has not.
struct ForeignWord {
  std::string_view name;
  std::string_view advice;  // what to do about it: "remove it: …"
};

template <typename Target>
struct Vocabulary {
  std::string_view kind;                           // "plugin": what such a word is called in messages
  absl::Span<const Word<Target>> words;            // ours
  absl::Span<const ForeignWord> words_of_coredns;  // which CoreDNS has besides
  std::string_view where_listed = {};              // for a person, where ours are too many for a message
};

// The two refusals of ReadBlock below.
void RefuseUnknownWord(const Token& word, std::string_view kind, absl::Span<const std::string_view> ours,
                       absl::Span<const ForeignWord> words_of_coredns, std::string_view where_listed,
                       ErrorList& errors);
void RefuseSecond(const Token& word, const Position& first, ErrorList& errors);

// Reads every line of a block into `target`; unknown words, and second ones that may not be repeated, are errors.
template <typename Target>
void ReadBlock(const std::vector<Directive>& block, const Vocabulary<Target>& vocabulary, Target& target,
               const Context& context) {
  std::vector<std::string_view> names;
  for (const Word<Target>& word : vocabulary.words) names.push_back(word.name);
  std::map<std::string_view, Position> first;
  for (const Directive& line : block) {
    const auto name = std::find(names.begin(), names.end(), line.name.text);
    if (name == names.end()) {
      RefuseUnknownWord(line.name, vocabulary.kind, names, vocabulary.words_of_coredns, vocabulary.where_listed,
                        context.errors);
      continue;
    }
    const Word<Target>& word = vocabulary.words[static_cast<size_t>(name - names.begin())];
    const auto [seen, is_first] = first.try_emplace(word.name, line.name.position);
    if (is_first || word.repeatable) {
      word.read(line, target, context);
    } else {
      RefuseSecond(line.name, seen->second, context.errors);
    }
  }
}

// For a line such as "ttl 30": its one argument, not empty; nullptr and an error if the line looks otherwise. `usage`
// is the line as it should be, "ttl SECONDS".
const Token* OnlyArgument(const Directive& line, std::string_view usage, ErrorList& errors);

// For a line that is its name alone, or its name and a block: an error if it has arguments, or a block that it may not
// have.
void RefuseArguments(const Directive& line, ErrorList& errors);
void RefuseBlock(const Directive& line, std::string_view usage, ErrorList& errors);

}  // namespace podnamed::config
