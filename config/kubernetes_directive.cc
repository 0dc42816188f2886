#include "config/kubernetes_directive.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "config/number.h"
#include "server/base/ip_address.h"

namespace podnamed::config {
namespace {

constexpr uint32_t kLongestTtl = 3600;
constexpr size_t kLongestSocketPath = 107;  // sockaddr_un's 108 octets hold a final zero

struct Properties {
  KubernetesOptions options;
  const Token* source_word = nullptr;  // the property that names the source
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
  const Token* argument = OnlyArgument(line, "ttl SECONDS", context.errors);
  if (argument == nullptr) return;
  const std::optional<uint32_t> ttl = ParseNumber(argument->text, kLongestTtl);
  if (!ttl) {
    context.errors.Add(argument->position, "ttl is {}; expected 0 to {} seconds", Quoted(argument->text), kLongestTtl);
    return;
  }
  properties.options.ttl = *ttl;
}

constexpr Word<Properties> kProperties[] = {
    {"manifests", ReadManifests},
    {"feed", ReadFeed},
    {"ttl", ReadTtl},
};

constexpr std::string_view kPropertiesOfCoreDns[] = {
    "endpoint",   "tls",    "kubeconfig",   "apiserver_qps",      "apiserver_burst", "apiserver_max_inflight",
    "namespaces", "labels", "pods",         "endpoint_pod_names", "noendpoints",     "namespace_labels",
    "ignore",     "zonal",  "multicluster", "fallthrough",        "startup_timeout",
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
  // The names that PTR records point at need a zone.
  if (all_read && !zones.empty() && absl::c_all_of(zones, IsReverseZone)) {
    context.errors.Add(line.name.position,
                       "kubernetes has reverse zones only; expected a zone for names, such as \"cluster.local\"");
  }
  return zones;
}

}  // namespace

void ReadKubernetes(const Directive& line, ServerBlockOptions& block, const Context& context) {
  Properties properties;
  properties.options.zones = ReadZones(line, block, context);
  ReadBlock(line.block, kVocabulary, properties, context);
  if (properties.source_word == nullptr && context.complete) {
    context.errors.Add(line.name.position,
                       "kubernetes has no source; expected in its block \"manifests DIRECTORY\" (Kubernetes objects in "
                       "files) or \"feed ADDRESS\" (a podname-controller)");
  }
  block.kubernetes = std::move(properties.options);
}

}  // namespace podnamed::config
