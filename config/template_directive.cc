#include "config/template_directive.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "config/number.h"
#include "config/regular_expression.h"
#include "config/zone_list.h"

namespace podnamed::config {
namespace {

constexpr std::string_view kUsage = "template CLASS TYPE [ZONE…] { … }";

void ReadMatch(const Directive& line, TemplateOptions& options, const Context& context) {
  RefuseBlock(line, "match REGEXP…", context.errors);
  if (line.arguments.empty()) {
    context.errors.Add(line.name.position, "match names no expression; expected \"match REGEXP…\"");
  }
  for (const Token& word : line.arguments) {
    std::string pattern;
    if (ReadRegularExpression(word, pattern, context)) options.matches.push_back(std::move(pattern));
  }
}

template <std::vector<TemplateOptions::Record> TemplateOptions::* records>
void ReadRecords(const Directive& line, TemplateOptions& options, const Context& context) {
  RefuseBlock(line, "answer|authority|additional RECORD…", context.errors);
  if (line.arguments.empty()) {
    context.errors.Add(line.name.position, "{} has no record; expected \"{} RECORD…\"", line.name.text, line.name.text);
  }
  for (const Token& word : line.arguments) {
    absl::StatusOr<GoTemplate> tree = GoTemplate::Parse(word.text);
    if (!tree.ok()) {
      context.errors.Add(word.position, "the template {} cannot be read, {}", Quoted(word.text),
                         std::string(tree.status().message()));
      continue;
    }
    (options.*records).push_back({word.text, std::make_shared<const GoTemplate>(*std::move(tree))});
  }
}

void ReadRcode(const Directive& line, TemplateOptions& options, const Context& context) {
  const Token* word = OnlyArgument(line, "rcode RCODE", context.errors);
  if (word == nullptr) return;
  const std::optional<dns::Rcode> rcode = dns::ParseRcode(word->text);
  if (rcode) {
    options.rcode = *rcode;
  } else {
    context.errors.Add(word->position, "{} is no rcode; expected one such as NXDOMAIN", Quoted(word->text));
  }
}

void ReadExtendedError(const Directive& line, TemplateOptions& options, const Context& context) {
  constexpr std::string_view kErrorUsage = "ederror CODE [REASON]";
  RefuseBlock(line, kErrorUsage, context.errors);
  const std::vector<Token>& words = line.arguments;
  if (words.empty() || words.size() > 2) {
    context.errors.Add(line.name.position, "ederror has {} arguments; expected \"{}\"", words.size(), kErrorUsage);
    return;
  }
  const std::optional<uint32_t> code = ParseNumber(words[0].text, 65535);
  if (!code) {
    context.errors.Add(words[0].position, "ederror is {}; expected a number up to 65535 (RFC 8914)",
                       Quoted(words[0].text));
    return;
  }
  options.extended_error = static_cast<uint16_t>(*code);
  if (words.size() == 2) options.extended_error_text = words[1].text;
}

void ReadFallthrough(const Directive& line, TemplateOptions& options, const Context& context) {
  options.fallthrough = ReadFallthroughZones(line, context);
}

// Of the time before every CNAME was resolved; CoreDNS takes it, too.
void ReadUpstream(const Directive&, TemplateOptions&, const Context&) {}

constexpr Word<TemplateOptions> kProperties[] = {
    {"match", ReadMatch, /*repeatable=*/true},
    {"answer", ReadRecords<&TemplateOptions::answer>, /*repeatable=*/true},
    {"additional", ReadRecords<&TemplateOptions::additional>, /*repeatable=*/true},
    {"authority", ReadRecords<&TemplateOptions::authority>, /*repeatable=*/true},
    {"rcode", ReadRcode},
    {"ederror", ReadExtendedError},
    {"fallthrough", ReadFallthrough},
    {"upstream", ReadUpstream},
};

constexpr Vocabulary<TemplateOptions> kVocabulary = {"template property", kProperties, {}};

}  // namespace

void ReadTemplate(const Directive& line, ServerBlockOptions& block, const Context& context) {
  TemplateOptions options;
  const absl::Span<const Token> words = line.arguments;
  if (words.size() < 2) {
    context.errors.Add(line.name.position, "template has {} arguments; expected \"{}\"", words.size(), kUsage);
    return;
  }
  const std::optional<dns::RecordClass> record_class = dns::ParseRecordClass(words[0].text);
  const std::optional<dns::RecordType> type = dns::ParseRecordType(words[1].text);
  if (!record_class) {
    context.errors.Add(words[0].position, "{} is no class; expected IN, CH, HS or ANY", Quoted(words[0].text));
  }
  if (!type) {
    context.errors.Add(words[1].position, "{} is no record type; expected one such as \"A\", or ANY",
                       Quoted(words[1].text));
  }
  options.record_class = record_class.value_or(dns::RecordClass::kIn);
  options.type = type.value_or(dns::RecordType::kAny);
  options.zones = ReadZonesOrKeys(words.subspan(2), block, context);
  ReadBlock(line.block, kVocabulary, options, context);
  const bool says_something = absl::c_any_of(line.block, [](const Directive& property) {
    return property.name.text == "answer" || property.name.text == "authority" || property.name.text == "rcode";
  });
  if (context.complete && !says_something) {
    context.errors.Add(line.name.position, "template has neither answer nor authority nor rcode; expected one of them");
  }
  block.templates.push_back(std::move(options));
}

}  // namespace podnamed::config
