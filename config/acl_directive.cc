#include "config/acl_directive.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "config/zone_list.h"

namespace podnamed::config {
namespace {

constexpr std::string_view kUsage = "allow|block|filter|drop [type TYPE…] [net ADDRESS|NETWORK…]";

std::string Lower(const std::string& text) { return absl::AsciiStrToLower(text); }

void ReadType(const Token& word, AclPolicy& policy, const Context& context) {
  if (const std::optional<dns::RecordType> type = dns::ParseRecordType(word.text)) {
    policy.types.push_back(*type);
  } else {
    context.errors.Add(word.position, "{} is no record type; expected one such as \"A\", or \"*\"", Quoted(word.text));
  }
}

void ReadNetwork(const Token& word, AclPolicy& policy, const Context& context) {
  if (const std::optional<base::IpNetwork> network = base::ParseIpNetwork(word.text)) {
    policy.networks.push_back(*network);
  } else {
    context.errors.Add(word.position, "{} is no network; expected one such as \"10.0.0.0/8\", an address, or \"*\"",
                       Quoted(word.text));
  }
}

// The values of a section, of which "*" stands for all of them: then none is kept.
template <typename Value>
void ReadSection(absl::Span<const Token> words, void (*read)(const Token&, AclPolicy&, const Context&),
                 std::vector<Value> AclPolicy::* values, bool& has_all, AclPolicy& policy, const Context& context) {
  for (const Token& word : words) {
    if (word.text == "*") {
      has_all = true;
    } else {
      read(word, policy, context);
    }
  }
  if (has_all) (policy.*values).clear();
}

template <AclPolicy::Action action>
void ReadPolicy(const Directive& line, AclOptions& acl, const Context& context) {
  AclPolicy& policy = acl.policies.emplace_back();
  policy.action = action;
  RefuseBlock(line, kUsage, context.errors);
  bool every_type = false;
  bool every_client = false;
  absl::Span<const Token> words = line.arguments;
  while (!words.empty()) {
    const Token& section = words.front();
    const std::string name = Lower(section.text);
    if (name != "type" && name != "net") {
      context.errors.Add(section.position, "{} is {}; expected type or net", line.name.text, Quoted(section.text));
      return;
    }
    size_t end = 1;
    while (end < words.size() && Lower(words[end].text) != "type" && Lower(words[end].text) != "net") ++end;
    const absl::Span<const Token> values = words.subspan(1, end - 1);
    if (values.empty()) context.errors.Add(section.position, "{} names none; expected \"{}\"", name, kUsage);
    if (name == "type") {
      ReadSection(values, ReadType, &AclPolicy::types, every_type, policy, context);
    } else {
      ReadSection(values, ReadNetwork, &AclPolicy::networks, every_client, policy, context);
    }
    words.remove_prefix(end);
  }
}

constexpr Word<AclOptions> kActions[] = {
    {"allow", ReadPolicy<AclPolicy::Action::kAllow>, /*repeatable=*/true},
    {"block", ReadPolicy<AclPolicy::Action::kBlock>, /*repeatable=*/true},
    {"filter", ReadPolicy<AclPolicy::Action::kFilter>, /*repeatable=*/true},
    {"drop", ReadPolicy<AclPolicy::Action::kDrop>, /*repeatable=*/true},
};

constexpr Vocabulary<AclOptions> kVocabulary = {"acl action", kActions, {}};

}  // namespace

void ReadAcl(const Directive& line, ServerBlockOptions& block, const Context& context) {
  AclOptions acl;
  acl.zones = ReadZonesOrKeys(line.arguments, block, context);
  std::vector<Directive> lines = line.block;
  for (Directive& inner : lines) inner.name.text = Lower(inner.name.text);
  ReadBlock(lines, kVocabulary, acl, context);
  block.acl.push_back(std::move(acl));
}

}  // namespace podnamed::config
