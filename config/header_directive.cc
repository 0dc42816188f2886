#include "config/header_directive.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"

namespace podnamed::config {
namespace {

constexpr std::string_view kUsage = "[query|response] set|clear aa|ra|rd…";

constexpr std::pair<std::string_view, HeaderFlag> kFlags[] = {
    {"aa", HeaderFlag::kAuthoritative},
    {"ra", HeaderFlag::kRecursionAvailable},
    {"rd", HeaderFlag::kRecursionDesired},
};

std::string Lower(const std::string& text) { return absl::AsciiStrToLower(text); }

void ReadFlags(absl::Span<const Token> words, bool value, std::vector<HeaderOptions::Rule>& rules,
               const Context& context) {
  for (const Token& word : words) {
    const auto* flag = absl::c_find_if(kFlags, [&](const auto& entry) { return entry.first == Lower(word.text); });
    if (flag == std::end(kFlags)) {
      context.errors.Add(word.position, "{} is no flag; expected aa, ra or rd", Quoted(word.text));
    } else {
      rules.push_back({flag->second, value});
    }
  }
}

// Whatever follows the selector: "set aa ra".
void ReadAction(absl::Span<const Token> words, const Position& place, std::vector<HeaderOptions::Rule>& rules,
                const Context& context) {
  const std::string action = words.empty() ? "" : Lower(words.front().text);
  if (action != "set" && action != "clear") {
    context.errors.Add(words.empty() ? place : words.front().position, "the action is {}; expected \"{}\"",
                       Quoted(action), kUsage);
  } else if (words.size() == 1) {
    context.errors.Add(words.front().position, "{} names no flag; expected \"{}\"", action, kUsage);
  } else {
    ReadFlags(words.subspan(1), action == "set", rules, context);
  }
}

void ReadSet(const Directive& line, HeaderOptions& header, const Context& context) {
  std::vector<Token> words = {line.name};
  words.insert(words.end(), line.arguments.begin(), line.arguments.end());
  ReadAction(words, line.name.position, header.of_response, context);
}

template <std::vector<HeaderOptions::Rule> HeaderOptions::* rules>
void ReadSelected(const Directive& line, HeaderOptions& header, const Context& context) {
  ReadAction(line.arguments, line.name.position, header.*rules, context);
}

constexpr Word<HeaderOptions> kWords[] = {
    {"set", ReadSet, /*repeatable=*/true},
    {"clear", ReadSet, /*repeatable=*/true},
    {"query", ReadSelected<&HeaderOptions::of_query>, /*repeatable=*/true},
    {"response", ReadSelected<&HeaderOptions::of_response>, /*repeatable=*/true},
};

constexpr Vocabulary<HeaderOptions> kVocabulary = {"header rule", kWords, {}};

}  // namespace

void ReadHeader(const Directive& line, ServerBlockOptions& block, const Context& context) {
  RefuseArguments(line, context.errors);
  if (line.block.empty()) {
    context.errors.Add(line.name.position, "header has no rule; expected in its block \"{}\"", kUsage);
  }
  HeaderOptions header;
  std::vector<Directive> lines = line.block;
  for (Directive& inner : lines) inner.name.text = Lower(inner.name.text);
  ReadBlock(lines, kVocabulary, header, context);
  const auto is_of_replies = [](const HeaderOptions::Rule& rule) { return rule.flag != HeaderFlag::kRecursionDesired; };
  if (absl::c_any_of(header.of_query, is_of_replies)) {
    block.warnings.push_back(fmt::format("{}: header: aa and ra of a query mean nothing to anybody; only rd does",
                                         PositionText(line.name.position)));
  }
  block.header = std::move(header);
}

}  // namespace podnamed::config
