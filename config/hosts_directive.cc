#include "config/hosts_directive.h"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "config/number.h"
#include "config/reload_interval.h"
#include "config/zone_list.h"
#include "server/base/ip_address.h"

namespace podnamed::config {
namespace {

constexpr uint32_t kLongestTtl = 65535;  // CoreDNS's

void ReadTtl(const Directive& line, HostsOptions& hosts, const Context& context) {
  const Token* argument = OnlyArgument(line, "ttl SECONDS", context.errors);
  if (argument == nullptr) return;
  const std::optional<uint32_t> ttl = ParseNumber(argument->text, kLongestTtl);
  if (!ttl || *ttl == 0) {
    context.errors.Add(argument->position, "ttl is {}; expected 1 to {} seconds", Quoted(argument->text), kLongestTtl);
    return;
  }
  hosts.ttl = *ttl;
}

void ReadNoReverse(const Directive& line, HostsOptions& hosts, const Context& context) {
  RefuseArguments(line, context.errors);
  RefuseBlock(line, "no_reverse", context.errors);
  hosts.reverse = false;
}

void ReadReload(const Directive& line, HostsOptions& hosts, const Context& context) {
  ReadReloadInterval(line, hosts.reload, context);
}

void ReadFallthrough(const Directive& line, HostsOptions& hosts, const Context& context) {
  hosts.fallthrough = ReadFallthroughZones(line, context);
}

constexpr Word<HostsOptions> kProperties[] = {
    {"ttl", ReadTtl},
    {"no_reverse", ReadNoReverse},
    {"reload", ReadReload},
    {"fallthrough", ReadFallthrough},
};

constexpr Vocabulary<HostsOptions> kVocabulary = {"hosts property", kProperties, {}};

// A line of the file, written in the block.
void ReadNames(const base::IpAddress& address, const Directive& line, HostsOptions& hosts, const Context& context) {
  if (line.arguments.empty()) {
    context.errors.Add(line.name.position, "address {} has no name; expected \"ADDRESS NAME…\"", line.name.text);
  }
  RefuseBlock(line, "ADDRESS NAME…", context.errors);
  HostsOptions::Line& added = hosts.lines.emplace_back();
  added.address = address;
  for (const Token& word : line.arguments) {
    const absl::StatusOr<dns::Name> name = dns::Name::FromText(word.text);
    if (name.ok() && !word.text.empty()) {
      added.names.push_back(name->Folded());
    } else {
      context.errors.Add(word.position, "{} is no host's name; expected \"ADDRESS NAME…\"", Quoted(word.text));
    }
  }
}

}  // namespace

void ReadHosts(const Directive& line, ServerBlockOptions& block, const Context& context) {
  HostsOptions hosts;
  absl::Span<const Token> words = line.arguments;
  if (!words.empty()) {
    if (words.front().text.empty()) {
      context.errors.Add(words.front().position,
                         "hosts has an empty file (a variable may be unset); expected \"hosts "
                         "[FILE [ZONE…]]\"");
    }
    hosts.file = words.front().text;
    words.remove_prefix(1);
  }
  hosts.zones = ReadZonesOrKeys(words, block, context);
  std::vector<Directive> properties;
  for (const Directive& inner : line.block) {
    if (const std::optional<base::IpAddress> address = base::ParseIpAddress(inner.name.text)) {
      ReadNames(*address, inner, hosts, context);
    } else {
      properties.push_back(inner);
    }
  }
  ReadBlock(properties, kVocabulary, hosts, context);
  block.hosts = std::move(hosts);
}

}  // namespace podnamed::config
