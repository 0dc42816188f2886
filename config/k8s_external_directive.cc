#include "config/k8s_external_directive.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "config/record_ttl.h"
#include "config/zone_list.h"
#include "server/resolve/reverse_name.h"

namespace podnamed::config {
namespace {

void ReadApex(const Directive& line, ExternalOptions& external, const Context& context) {
  const Token* argument = OnlyArgument(line, "apex LABEL", context.errors);
  if (argument == nullptr) return;
  const absl::StatusOr<dns::Name> name = dns::Name::FromText(argument->text);
  if (!name.ok() || name->label_count() != 1) {
    context.errors.Add(argument->position, "apex is {}; expected one label, such as \"dns\"", Quoted(argument->text));
    return;
  }
  const dns::Name folded = name->Folded();
  external.names.apex = std::string(folded.wire().substr(0, folded.wire().size() - 1));
}

void ReadTtl(const Directive& line, ExternalOptions& external, const Context& context) {
  if (const std::optional<uint32_t> ttl = ReadRecordTtl(line, context)) external.ttl = *ttl;
}

void ReadHeadless(const Directive& line, ExternalOptions& external, const Context& context) {
  RefuseArguments(line, context.errors);
  external.names.headless = true;
}

void ReadFallthrough(const Directive& line, ExternalOptions& external, const Context& context) {
  external.fallthrough = ReadFallthroughZones(line, context);
}

constexpr Word<ExternalOptions> kProperties[] = {
    {"apex", ReadApex},
    {"ttl", ReadTtl},
    {"headless", ReadHeadless},
    {"fallthrough", ReadFallthrough},
};

constexpr Vocabulary<ExternalOptions> kVocabulary = {"k8s_external property", kProperties, {}};

void CheckZones(const Directive& line, const ExternalOptions& external, const Context& context) {
  const size_t longest = dns::kMaxNameLength - std::string_view("\12hostmaster").size() - external.names.apex.size();
  for (const dns::Name& zone : external.zones) {
    if (zone.wire().size() <= longest) continue;
    context.errors.Add(line.name.position, "zone {} has no room for the names in it; expected at most {} octets",
                       Quoted(zone.ToText()), longest);
  }
  // The names that PTR records point at need a zone.
  if (!external.zones.empty() && absl::c_all_of(external.zones, resolve::IsReverseZone)) {
    context.errors.Add(line.name.position,
                       "k8s_external has reverse zones only; expected a zone for names, such as \"example.org\"");
  }
}

}  // namespace

void ReadK8sExternal(const Directive& line, ServerBlockOptions& block, const Context& context) {
  ExternalOptions external;
  for (dns::Name& zone : ReadZonesOrKeys(line.arguments, block, context)) {
    if (!absl::c_linear_search(external.zones, zone)) external.zones.push_back(std::move(zone));
  }
  ReadBlock(line.block, kVocabulary, external, context);
  CheckZones(line, external, context);
  block.external = std::move(external);
}

}  // namespace podnamed::config
