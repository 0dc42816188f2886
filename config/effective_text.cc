#include "config/effective_text.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "config/server_keys.h"

namespace podnamed::config {
namespace {

constexpr size_t kIndent = 4;

// As the lexer reads it back.
std::string WordText(const Token& word) {
  const std::string& text = word.text;
  const bool needs_quotes = text.empty() || text == "{" || text == "}" || text.starts_with('"') ||
                            text.find_first_of(" \t\r\n\v\f#") != std::string::npos;
  return needs_quotes ? absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\\\""}}), "\"") : text;
}

void AddLines(const std::vector<Directive>& directives, size_t indent, std::string& text) {
  for (const Directive& directive : directives) {
    absl::StrAppend(&text, std::string(indent, ' '), WordText(directive.name));
    for (const Token& argument : directive.arguments) absl::StrAppend(&text, " ", WordText(argument));
    if (!directive.block.empty()) {
      absl::StrAppend(&text, " {\n");
      AddLines(directive.block, indent + kIndent, text);
      absl::StrAppend(&text, std::string(indent, ' '), "}");
    }
    text += '\n';
  }
}

}  // namespace

std::string EffectiveText(const Document& document, absl::Span<const std::string_view> plugins, uint16_t default_port) {
  const auto position = [plugins](const Directive& directive) {
    return std::find(plugins.begin(), plugins.end(), directive.name.text) - plugins.begin();
  };
  std::string text;
  for (const ServerBlock& block : document.blocks) {
    for (const Token& key : block.keys) {
      const absl::StatusOr<std::vector<ServerKey>> keys = ParseServerKey(key.text, default_port);
      for (const ServerKey& each : *keys) absl::StrAppend(&text, each.ToText(), " ");
    }
    text += "{\n";
    std::vector<Directive> directives = block.directives;
    std::stable_sort(directives.begin(), directives.end(),
                     [&position](const Directive& a, const Directive& b) { return position(a) < position(b); });
    AddLines(directives, kIndent, text);
    text += "}\n";
  }
  return text;
}

}  // namespace podnamed::config
