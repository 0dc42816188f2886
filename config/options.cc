#include "config/options.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "absl/status/status.h"
#include "config/acl_directive.h"
#include "config/bare_directives.h"
#include "config/bind_directive.h"
#include "config/bufsize_directive.h"
#include "config/cache_directive.h"
#include "config/cancel_directive.h"
#include "config/chaos_directive.h"
#include "config/debug_directive.h"
#include "config/errors_directive.h"
#include "config/forward_directive.h"
#include "config/header_directive.h"
#include "config/health_directive.h"
#include "config/hosts_directive.h"
#include "config/kubernetes_directive.h"
#include "config/loadbalance_directive.h"
#include "config/log_directive.h"
#include "config/nsid_directive.h"
#include "config/parser.h"
#include "config/pprof_directive.h"
#include "config/prometheus_directive.h"
#include "config/ready_directive.h"
#include "config/root_directive.h"
#include "config/timeouts_directive.h"
#include "config/vocabulary.h"
#include "server/base/status.h"

namespace podnamed::config {
namespace {

// One a line.
// clang-format off
constexpr Word<ServerBlockOptions> kPlugins[] = {
    {"root", ReadRoot},
    {"cancel", ReadCancel},
    {"timeouts", ReadTimeouts},
    {"nsid", ReadNsid},
    {"bufsize", ReadBufsize},
    {"bind", ReadBind, /*repeatable=*/true},
    {"debug", ReadDebug},
    {"ready", ReadReady},
    {"health", ReadHealth},
    {"pprof", ReadPprof},
    {"prometheus", ReadPrometheus},
    {"errors", ReadErrors},
    {"log", ReadLog, /*repeatable=*/true},
    {"local", ReadBare<&ServerBlockOptions::local>},
    {"any", ReadBare<&ServerBlockOptions::any>},
    {"chaos", ReadChaos},
    {"loadbalance", ReadLoadbalance},
    {"acl", ReadAcl, /*repeatable=*/true},
    {"cache", ReadCache},
    {"header", ReadHeader},
    {"minimal", ReadBare<&ServerBlockOptions::minimal>},
    {"hosts", ReadHosts},
    {"kubernetes", ReadKubernetes},
    {"forward", ReadForward, /*repeatable=*/true},
    {"whoami", ReadBare<&ServerBlockOptions::whoami>},
};
// clang-format on

// CoreDNS's plugin.cfg (1.14), in its order, without those above.
constexpr std::string_view kPluginsOfCoreDns[] = {
    "metadata",    "geoip",    "proxyproto",   "quic", "grpc_server", "https",     "https3",
    "multisocket", "reload",   "trace",        "shed", "dnstap",      "dns64",     "tsig",
    "rewrite",     "autopath", "dnssec",       "tls",  "template",    "transfer",  "route53",
    "azure",       "clouddns", "k8s_external", "file", "auto",        "secondary", "etcd",
    "loop",        "grpc",     "erratic",      "on",   "sign",        "view",      "nomad",
};

constexpr Vocabulary<ServerBlockOptions> kVocabulary = {"plugin", kPlugins, kPluginsOfCoreDns,
                                                        "one that podnamed -plugins lists"};

class OptionsReader {
 public:
  explicit OptionsReader(const Context& context) : context_(context) {}

  Options Run(const Document& document) {
    for (const ServerBlock& block : document.blocks) ReadServerBlock(block);
    return std::move(options_);
  }

 private:
  void ReadServerBlock(const ServerBlock& block) {
    ServerBlockOptions& options = options_.blocks.emplace_back();
    options.place = PositionText(block.position);
    for (const Token& key : block.keys) ReadKey(key, options);
    ReadBlock(block.directives, kVocabulary, options, context_);
  }

  void ReadKey(const Token& token, ServerBlockOptions& options) {
    absl::StatusOr<std::vector<ServerKey>> keys = ParseServerKey(token.text, context_.default_port);
    if (!keys.ok()) {
      context_.errors.Add(token.position, keys.status());
      return;
    }
    for (ServerKey& key : *keys) {
      const auto [first, added] = first_.try_emplace(key, token.position);
      if (!added) {
        context_.errors.Add(token.position, "zone {} on port {} stands here a second time; expected once, first at {}",
                            key.zone.ToText(), key.port, PositionText(first->second));
        return;
      }
      options.keys.push_back(std::move(key));
    }
  }

  const Context& context_;
  Options options_;
  std::map<ServerKey, Position> first_;  // where each key stands first
};

}  // namespace

std::vector<std::string_view> SupportedPlugins() {
  std::vector<std::string_view> names;
  for (const auto& plugin : kPlugins) names.push_back(plugin.name);
  return names;
}

absl::StatusOr<Options> ParseOptions(std::string_view text, const std::string& file, uint16_t default_port,
                                     const Environment& environment) {
  ErrorList errors;
  const Document document = ParseCorefile(text, file, environment, errors);
  const Context context = {environment, errors, default_port, /*complete=*/errors.empty()};
  Options options = OptionsReader(context).Run(document);
  if (document.blocks.empty() && errors.empty()) {
    errors.Add({.source = &document.sources.front()}, "no server block; expected at least one, such as \". {{ … }}\"");
  }
  RETURN_IF_ERROR(errors.ToStatus());
  return options;
}

absl::StatusOr<Options> LoadOptions(const std::string& path, uint16_t default_port, const Environment& environment) {
  const absl::StatusOr<std::string> text = environment.ReadFile(path);
  if (!text.ok()) {
    return absl::Status(text.status().code(),
                        fmt::format("{} cannot be read: {}", path, std::string(text.status().message())));
  }
  return ParseOptions(*text, path, default_port, environment);
}

}  // namespace podnamed::config
