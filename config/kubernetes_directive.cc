#include "config/kubernetes_directive.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "config/api_source.h"
#include "config/label_selector.h"
#include "config/number.h"
#include "config/record_ttl.h"
#include "config/zone_list.h"
#include "server/base/ip_address.h"
#include "server/resolve/reverse_name.h"

namespace podnamed::config {
namespace {

constexpr size_t kLongestSocketPath = 107;  // sockaddr_un's 108 octets hold a final zero

struct Properties {
  Position place;  // of the directive
  KubernetesOptions options = {};
  const Token* source_word = nullptr;  // the property that names the source
  ApiSourceReading api = {};           // the source, if no property names another
  // Of properties that bear on others, where they are there.
  const Token* namespaces_word = nullptr;
  const Token* namespace_labels_word = nullptr;
  const Token* multicluster_word = nullptr;
};

// The source may be named once, by either word.
void NoteSource(const Token& word, Properties& properties, const Context& context) {
  if (properties.source_word != nullptr) {
    context.errors.Add(word.position, "kubernetes has two sources; expected {} (at {}) or {}, not both",
                       properties.source_word->text, PositionText(properties.source_word->position), word.text);
  }
  properties.source_word = &word;
}

void ReadManifests(const Directive& line, Properties& properties, const Context& context) {
  NoteSource(line.name, properties, context);
  if (const Token* directory = OnlyArgument(line, "manifests DIRECTORY", context.errors)) {
    properties.options.source = ManifestsSource{directory->text};
  }
}

bool IsHost(std::string_view text) {
  if (text.starts_with("[") && text.ends_with("]")) {
    const std::optional<base::IpAddress> address = base::ParseIpAddress(text.substr(1, text.size() - 2));
    return address && !address->is_v4();
  }
  return !text.empty() && text.find_first_of(":/") == std::string_view::npos && dns::Name::FromText(text).ok();
}

absl::Status CheckFeedAddress(std::string_view address) {
  constexpr std::string_view kScheme = "unix:";
  if (address.starts_with("/")) {
    return Wrong("feed {} is a path; expected {}", Quoted(address), Quoted(fmt::format("unix://{}", address)));
  }
  if (address.starts_with(kScheme)) {
    std::string_view path = address.substr(kScheme.size());
    const bool has_authority = path.starts_with("//");
    if (has_authority) path.remove_prefix(2);
    if (path.empty() || (has_authority && !path.starts_with("/"))) {
      return Wrong("feed {} has no absolute path; expected \"unix:///PATH\"", Quoted(address));
    }
    if (path.size() > kLongestSocketPath) {
      return Wrong("feed {} has a path of {} octets; expected at most {}", Quoted(address), path.size(),
                   kLongestSocketPath);
    }
    return absl::OkStatus();
  }
  const size_t colon = address.rfind(':');
  const std::optional<uint32_t> port =
      colon == std::string_view::npos ? std::nullopt : ParseNumber(address.substr(colon + 1), 65535);
  if (!port || *port == 0 || !IsHost(address.substr(0, colon))) {
    return Wrong("feed {} is no address; expected \"unix:///PATH\" or \"HOST:PORT\"", Quoted(address));
  }
  return absl::OkStatus();
}

void ReadFeed(const Directive& line, Properties& properties, const Context& context) {
  NoteSource(line.name, properties, context);
  const Token* address = OnlyArgument(line, "feed ADDRESS", context.errors);
  if (address == nullptr) return;
  if (const absl::Status status = CheckFeedAddress(address->text); !status.ok()) {
    context.errors.Add(address->position, status);
  }
  properties.options.source = FeedSource{address->text};
}

void ReadTtl(const Directive& line, Properties& properties, const Context& context) {
  if (const std::optional<uint32_t> ttl = ReadRecordTtl(line, context)) properties.options.answers.ttl = *ttl;
}

void ReadPods(const Directive& line, Properties& properties, const Context& context) {
  constexpr std::pair<std::string_view, resolve::PodRecords> kModes[] = {
      {"disabled", resolve::PodRecords::kDisabled},
      {"insecure", resolve::PodRecords::kInsecure},
      {"verified", resolve::PodRecords::kVerified},
  };
  const Token* argument = OnlyArgument(line, "pods disabled|insecure|verified", context.errors);
  if (argument == nullptr) return;
  const auto* mode = absl::c_find_if(kModes, [&](const auto& entry) { return entry.first == argument->text; });
  if (mode == std::end(kModes)) {
    context.errors.Add(argument->position, "pods is {}; expected disabled, insecure or verified",
                       Quoted(argument->text));
    return;
  }
  properties.options.answers.pods = mode->second;
}

void ReadNamespaces(const Directive& line, Properties& properties, const Context& context) {
  if (line.arguments.empty()) {
    context.errors.Add(line.name.position, "namespaces names none; expected \"namespaces NAME…\"");
  }
  for (const Token& argument : line.arguments) properties.options.answers.namespaces.push_back(argument.text);
  properties.namespaces_word = &line.name;
}

// The arguments of the line are one selector, whatever spaces it has.
std::optional<state::LabelSelector> ReadSelector(const Directive& line, std::string& text, const Context& context) {
  text.clear();
  for (const Token& argument : line.arguments) text += (text.empty() ? "" : " ") + argument.text;
  absl::StatusOr<state::LabelSelector> selector = ParseLabelSelector(text);
  if (selector.ok()) return *std::move(selector);
  context.errors.Add(line.arguments.empty() ? line.name.position : line.arguments.front().position, selector.status());
  return std::nullopt;
}

void ReadNamespaceLabels(const Directive& line, Properties& properties, const Context& context) {
  std::string& text = properties.api.source.namespace_selector;
  if (auto selector = ReadSelector(line, text, context))
    properties.options.answers.namespace_selector = *std::move(selector);
  properties.namespace_labels_word = &line.name;
}

void ReadLabels(const Directive& line, Properties& properties, const Context& context) {
  std::string& text = properties.api.source.service_selector;
  if (auto selector = ReadSelector(line, text, context))
    properties.options.answers.service_selector = *std::move(selector);
}

void ReadIgnore(const Directive& line, Properties& properties, const Context& context) {
  const Token* argument = OnlyArgument(line, "ignore empty_service", context.errors);
  if (argument == nullptr) return;
  if (argument->text != "empty_service") {
    context.errors.Add(argument->position, "ignore is {}; expected \"ignore empty_service\"", Quoted(argument->text));
  }
  properties.options.answers.ignore_empty_services = true;
}

// A property that is there or not.
template <bool resolve::ResolverOptions::* flag, bool value>
void ReadFlag(const Directive& line, Properties& properties, const Context& context) {
  if (!line.arguments.empty()) {
    context.errors.Add(line.arguments.front().position, "{} takes no argument", line.name.text);
  }
  properties.options.answers.*flag = value;
}

void ReadReasons(const Directive& line, Properties& properties, const Context& context) {
  const Token* argument = OnlyArgument(line, "reasons on|off", context.errors);
  if (argument == nullptr) return;
  if (argument->text != "on" && argument->text != "off") {
    context.errors.Add(argument->position, "reasons is {}; expected on or off", Quoted(argument->text));
  }
  properties.options.answers.reasons = argument->text == "on";
}

void ReadFallthrough(const Directive& line, Properties& properties, const Context& context) {
  properties.options.answers.fallthrough = ReadFallthroughZones(line, context);
}

void ReadMulticluster(const Directive& line, Properties& properties, const Context& context) {
  if (line.arguments.empty()) {
    context.errors.Add(line.name.position, "multicluster names no zone; expected \"multicluster ZONE…\"");
  }
  properties.options.answers.clusterset_zones = ReadZoneList(line.arguments, context);
  properties.multicluster_word = &line.name;
}

// One of api_source.h's.
template <void (*read)(const Directive&, ApiSourceReading&, const Context&)>
void ReadApi(const Directive& line, Properties& properties, const Context& context) {
  read(line, properties.api, context);
}

constexpr Word<Properties> kProperties[] = {
    {"manifests", ReadManifests},
    {"feed", ReadFeed},
    {"ttl", ReadTtl},
    {"pods", ReadPods},
    {"endpoint_pod_names", ReadFlag<&resolve::ResolverOptions::endpoint_pod_names, true>},
    {"namespaces", ReadNamespaces, /*repeatable=*/true},
    {"namespace_labels", ReadNamespaceLabels},
    {"labels", ReadLabels},
    {"ignore", ReadIgnore},
    {"noendpoints", ReadFlag<&resolve::ResolverOptions::endpoints, false>},
    {"fallthrough", ReadFallthrough},
    {"multicluster", ReadMulticluster},
    {"zonal", ReadFlag<&resolve::ResolverOptions::zonal, true>},
    {"shortnames", ReadFlag<&resolve::ResolverOptions::short_names, true>},
    {"reasons", ReadReasons},
    {"endpoint", ReadApi<ReadEndpoint>},
    {"tls", ReadApi<ReadTls>},
    {"kubeconfig", ReadApi<ReadKubeconfig>},
    {"startup_timeout", ReadApi<ReadStartupTimeout>},
    {"hold_removals", ReadApi<ReadHoldRemovals>},
};

constexpr std::string_view kNoClientLimit = "remove it: podnamed lists each kind once and then watches";
constexpr ForeignWord kPropertiesOfCoreDns[] = {
    {"apiserver_qps", kNoClientLimit},
    {"apiserver_burst", kNoClientLimit},
    {"apiserver_max_inflight", kNoClientLimit},
};

constexpr Vocabulary<Properties> kVocabulary = {"kubernetes property", kProperties, kPropertiesOfCoreDns};

std::vector<dns::Name> ReadZones(const Directive& line, const ServerBlockOptions& block, const Context& context) {
  std::vector<dns::Name> zones;
  const auto add = [&zones](const dns::Name& zone) {
    if (!absl::c_linear_search(zones, zone)) zones.push_back(zone);
  };
  bool all_read = true;
  for (const Token& argument : line.arguments) {
    const absl::StatusOr<std::vector<dns::Name>> parsed = ParseZone(argument.text);
    if (parsed.ok()) {
      absl::c_for_each(*parsed, add);
    } else {
      context.errors.Add(argument.position, parsed.status());
      all_read = false;
    }
  }
  if (line.arguments.empty()) {
    for (const ServerKey& key : block.keys) add(key.zone);
  }
  for (const dns::Name& zone : zones) {
    constexpr size_t kLongestZone = dns::kMaxNameLength - std::string_view("\12hostmaster").size();
    if (zone.wire().size() > kLongestZone) {
      context.errors.Add(line.name.position, "zone {} has no room for the names in it; expected at most {} octets",
                         Quoted(zone.ToText()), kLongestZone);
    }
  }
  // The names that PTR records point at need a zone.
  if (all_read && !zones.empty() && absl::c_all_of(zones, resolve::IsReverseZone)) {
    context.errors.Add(line.name.position,
                       "kubernetes has reverse zones only; expected a zone for names, such as \"cluster.local\"");
  }
  return zones;
}

// Without another source: an API server, that of our own cluster if none is named.
ApiSource ReadApiSource(const Directive& line, const Properties& properties, const Context& context) {
  ApiSource source = properties.api.source;
  const resolve::ResolverOptions& answers = properties.options.answers;
  source.pods = answers.pods == resolve::PodRecords::kVerified || answers.short_names;
  source.service_imports = !answers.clusterset_zones.empty();
  if (properties.api.endpoint_word == nullptr && context.complete &&
      context.environment.Variable("KUBERNETES_SERVICE_HOST").empty()) {
    context.errors.Add(
        line.name.position,
        "kubernetes has no source, and this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set); "
        "expected in its block \"endpoint URL\" or \"kubeconfig FILE\" (an API server), \"manifests "
        "DIRECTORY\" (Kubernetes objects in files) or \"feed ADDRESS\" (a podname-controller)");
  }
  return source;
}

// What no property alone can tell.
void CheckTogether(const Properties& properties, const Context& context) {
  const resolve::ResolverOptions& answers = properties.options.answers;
  if (properties.namespaces_word != nullptr && properties.namespace_labels_word != nullptr) {
    context.errors.Add(properties.namespace_labels_word->position,
                       "kubernetes has namespaces (at {}) and namespace_labels; expected one of them",
                       PositionText(properties.namespaces_word->position));
  }
  if (properties.source_word != nullptr && properties.api.word != nullptr) {
    context.errors.Add(properties.api.word->position,
                       "{} is for the source that is an API server, and kubernetes has {}", properties.api.word->text,
                       properties.source_word->text);
  }
  if (answers.zonal && !answers.endpoints) {
    context.errors.Add(properties.place, "kubernetes has zonal and noendpoints; expected one of them");
  }
  for (const dns::Name& zone : answers.clusterset_zones) {
    if (absl::c_linear_search(answers.zones, zone) || properties.multicluster_word == nullptr) continue;
    context.errors.Add(
        properties.multicluster_word->position,
        "multicluster zone {} is none of this kubernetes; expected it among the zones behind \"kubernetes\"",
        zone.ToText());
  }
}

}  // namespace

void ReadKubernetes(const Directive& line, ServerBlockOptions& block, const Context& context) {
  Properties properties{.place = line.name.position};
  properties.options.answers.zones = ReadZones(line, block, context);
  ReadBlock(line.block, kVocabulary, properties, context);
  CheckTogether(properties, context);
  if (properties.source_word == nullptr) properties.options.source = ReadApiSource(line, properties, context);
  block.kubernetes = std::move(properties.options);
}

}  // namespace podnamed::config
