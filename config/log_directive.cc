#include "config/log_directive.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_replace.h"
#include "absl/types/span.h"

namespace podnamed::config {
namespace {

// CoreDNS's.
constexpr const char* kCommon =
    "{remote}:{port} - {>id} \"{type} {class} {name} {proto} {size} {>do} {>bufsize}\" {rcode} {>rflags} {rsize} "
    "{duration}";
constexpr const char* kCombined =
    "{remote}:{port} - {>id} \"{type} {class} {name} {proto} {size} {>do} {>bufsize}\" {rcode} {>rflags} {rsize} "
    "{duration} \"{>opcode}\"";

// Which replies are of interest; all, if none is named.
struct Classes {
  bool success = false;
  bool denial = false;
  bool error = false;
};

void ReadClass(const Directive& line, Classes& classes, const Context& context) {
  if (line.arguments.empty()) {
    context.errors.Add(line.name.position, "class has 0 arguments; expected \"class success|denial|error|all…\"");
  }
  for (const Token& argument : line.arguments) {
    const bool is_all = argument.text == "all";
    const bool is_success = argument.text == "success";
    const bool is_denial = argument.text == "denial";
    const bool is_error = argument.text == "error";
    if (!is_all && !is_success && !is_denial && !is_error) {
      context.errors.Add(argument.position, "class is {}; expected success, denial, error or all",
                         Quoted(argument.text));
    }
    classes.success |= is_all || is_success;
    classes.denial |= is_all || is_denial;
    classes.error |= is_all || is_error;
  }
}

constexpr Word<Classes> kProperties[] = {{"class", ReadClass, /*repeatable=*/true}};

constexpr Vocabulary<Classes> kVocabulary = {"log property", kProperties, {}};

}  // namespace

void ReadLog(const Directive& line, ServerBlockOptions& block, const Context& context) {
  Classes classes;
  ReadBlock(line.block, kVocabulary, classes, context);
  if (!classes.success && !classes.denial && !classes.error) classes = {true, true, true};

  LogRule rule{
      .zone = {}, .format = kCommon, .success = classes.success, .denial = classes.denial, .error = classes.error};
  absl::Span<const Token> names = line.arguments;
  if (!names.empty() && names.back().text.find('{') != std::string::npos) {
    rule.format = absl::StrReplaceAll(names.back().text, {{"{common}", kCommon}, {"{combined}", kCombined}});
    names.remove_suffix(1);
  }
  if (names.empty()) block.log.push_back(rule);
  for (const Token& name : names) {
    const absl::StatusOr<dns::Name> zone = dns::Name::FromText(name.text);
    if (!zone.ok()) {
      context.errors.Add(name.position, zone.status());
      continue;
    }
    rule.zone = zone->Folded();
    block.log.push_back(rule);
  }
}

}  // namespace podnamed::config
