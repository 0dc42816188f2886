#include "config/options.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "config/acl_directive.h"
#include "config/auto_directive.h"
#include "config/autopath_directive.h"
#include "config/bare_directives.h"
#include "config/bind_directive.h"
#include "config/bufsize_directive.h"
#include "config/cache_directive.h"
#include "config/cancel_directive.h"
#include "config/chaos_directive.h"
#include "config/debug_directive.h"
#include "config/effective_text.h"
#include "config/errors_directive.h"
#include "config/file_directive.h"
#include "config/fingerprint.h"
#include "config/forward_directive.h"
#include "config/header_directive.h"
#include "config/health_directive.h"
#include "config/hosts_directive.h"
#include "config/k8s_external_directive.h"
#include "config/kubernetes_directive.h"
#include "config/loadbalance_directive.h"
#include "config/log_directive.h"
#include "config/metadata_directive.h"
#include "config/nsid_directive.h"
#include "config/parser.h"
#include "config/pprof_directive.h"
#include "config/prometheus_directive.h"
#include "config/ready_directive.h"
#include "config/reload_directive.h"
#include "config/rewrite_directive.h"
#include "config/root_directive.h"
#include "config/template_directive.h"
#include "config/timeouts_directive.h"
#include "config/tls_directive.h"
#include "config/transfer_directive.h"
#include "config/view_directive.h"
#include "config/vocabulary.h"
#include "server/base/status.h"

namespace podnamed::config {
namespace {

// One a line.
// clang-format off
constexpr Word<ServerBlockOptions> kPlugins[] = {
    {"root", ReadRoot},
    {"metadata", ReadMetadata},
    {"cancel", ReadCancel},
    {"tls", ReadTls},
    {"timeouts", ReadTimeouts},
    {"reload", ReadReload},
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
    {"rewrite", ReadRewrite, /*repeatable=*/true},
    {"autopath", ReadAutopath},
    {"acl", ReadAcl, /*repeatable=*/true},
    {"cache", ReadCache},
    {"header", ReadHeader},
    {"minimal", ReadBare<&ServerBlockOptions::minimal>},
    {"template", ReadTemplate, /*repeatable=*/true},
    {"transfer", ReadTransfer, /*repeatable=*/true},
    {"hosts", ReadHosts},
    {"k8s_external", ReadK8sExternal},
    {"kubernetes", ReadKubernetes},
    {"loop", ReadBare<&ServerBlockOptions::loop>},
    {"file", ReadFile, /*repeatable=*/true},
    {"auto", ReadAuto},
    {"forward", ReadForward, /*repeatable=*/true},
    {"whoami", ReadBare<&ServerBlockOptions::whoami>},
    {"view", ReadView, /*repeatable=*/true},
};
// clang-format on

// The rest of CoreDNS's plugin.cfg (1.14), in its order.
constexpr ForeignWord kPluginsOfCoreDns[] = {
    {"geoip", "remove it: podnamed has no database of places"},
    {"proxyproto", "remove it, and let clients reach podnamed without a proxy"},
    {"quic", "serve \"tls://\" instead"},
    {"grpc_server", "serve \"tls://\" instead"},
    {"https", "serve \"tls://\" instead"},
    {"https3", "serve \"tls://\" instead"},
    {"multisocket", "remove it: each worker has a socket of its own, and the flag -workers says how many there are"},
    {"trace", "remove it: podnamed reports no spans"},
    {"shed", "remove it: what is over a bound is refused and counted in any case"},
    {"dnstap", "remove it: log tells of each query"},
    {"dns64", "put it on a server that forward names"},
    {"tsig", "remove it: acl and transfer go by addresses"},
    {"dnssec", "remove it: podnamed signs nothing"},
    {"route53", "forward the zone to its name servers"},
    {"azure", "forward the zone to its name servers"},
    {"clouddns", "forward the zone to its name servers"},
    {"secondary", "forward the zone to its primary server"},
    {"etcd", "forward the zone to a CoreDNS that has etcd"},
    {"grpc", "forward to the same server over dns:// or tls://"},
    {"erratic", "remove it: it is for tests of clients"},
    {"on", "remove it: podnamed runs no commands"},
    {"sign", "remove it: podnamed signs nothing"},
    {"nomad", "forward the zone to a CoreDNS that has nomad"},
};

constexpr Vocabulary<ServerBlockOptions> kVocabulary = {"plugin", kPlugins, kPluginsOfCoreDns,
                                                        "one that podnamed -plugins lists"};

bool IsTls(const ServerKey& key) { return key.is_tls; }

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
    std::vector<Position> positions;  // of each of its keys
    for (const Token& key : block.keys) {
      ReadKey(key, options);
      positions.resize(options.keys.size(), key.position);
    }
    ReadBlock(block.directives, kVocabulary, options, context_);
    CheckExternal(block, options);
    for (const auto& plugin : kPlugins) {
      const auto is_it = [&plugin](const Directive& directive) { return directive.name.text == plugin.name; };
      if (absl::c_any_of(block.directives, is_it)) options.plugins.emplace_back(plugin.name);
    }
    if (options.tls) CompleteTls(*options.tls, options);
    for (size_t i = 0; i < positions.size(); ++i) {
      Claim(options, options.keys[i], positions[i]);
      ClaimTransport(options.keys[i], positions[i], options);
    }
    if (options.loop && absl::c_all_of(options.keys, IsTls)) {
      options.warnings.push_back(options.place +
                                 ": loop looks for none: it asks over UDP, and every key of its block is \"tls://\"");
    }
    if (options.autopath && options.autopath->of_cluster && !options.kubernetes) {
      options.warnings.push_back(options.place + ": autopath @kubernetes does nothing without kubernetes in its block");
    }
  }

  void CheckExternal(const ServerBlock& block, const ServerBlockOptions& options) {
    if (!options.external || options.kubernetes) return;
    const auto is_it = [](const Directive& directive) { return directive.name.text == "k8s_external"; };
    context_.errors.Add(absl::c_find_if(block.directives, is_it)->name.position,
                        "k8s_external has no cluster; expected kubernetes in the same server block");
  }

  void ReadKey(const Token& token, ServerBlockOptions& options) {
    absl::StatusOr<std::vector<ServerKey>> keys = ParseServerKey(token.text, context_.default_port);
    if (!keys.ok()) {
      context_.errors.Add(token.position, keys.status());
      return;
    }
    for (ServerKey& key : *keys) options.keys.push_back(std::move(key));
  }

  // Two blocks may have one zone on one port, if each is bound to addresses of its own, or if the one in front is for
  // some queries alone.
  void Claim(const ServerBlockOptions& block, const ServerKey& key, const Position& position) {
    Claims& claims = claims_[key];
    std::vector<std::optional<base::IpAddress>> addresses(block.bind.begin(), block.bind.end());
    if (addresses.empty()) addresses.emplace_back(std::nullopt);
    for (const std::optional<base::IpAddress>& address : addresses) {
      const auto first = absl::c_find_if(
          claims, [&](const auto& claim) { return !address || !claim.first || claim.first == address; });
      if (first == claims.end()) continue;
      context_.errors.Add(position, "zone {} on port {} stands here a second time; expected once, first at {}",
                          key.zone.ToText(), key.port, PositionText(first->second));
      return;
    }
    if (block.view) return;
    for (const std::optional<base::IpAddress>& address : addresses) claims.emplace_back(address, position);
  }

  static void CompleteTls(TlsOptions& tls, ServerBlockOptions& options) {
    for (std::string* file : {&tls.certificate, &tls.key, &tls.ca}) {
      if (!file->empty()) *file = options.InRoot(*file);
    }
    if (absl::c_none_of(options.keys, IsTls)) {
      options.warnings.push_back(
          fmt::format("{}: tls: nothing is encrypted, for no key of the server block is \"tls://\"", tls.place));
    }
  }

  // One endpoint is for TLS or not, and has one certificate.
  void ClaimTransport(const ServerKey& key, const Position& position, const ServerBlockOptions& block) {
    if (key.is_tls && !block.tls) {
      if (context_.complete) {
        context_.errors.Add(position, "{} has no certificate; expected \"tls CERT KEY\" in its server block",
                            key.ToText());
      }
      return;
    }
    std::vector<std::optional<base::IpAddress>> addresses(block.bind.begin(), block.bind.end());
    if (addresses.empty()) addresses.emplace_back(std::nullopt);
    const std::optional<TlsOptions> tls = key.is_tls ? block.tls : std::nullopt;
    for (const std::optional<base::IpAddress>& address : addresses) {
      const auto& [first_tls, first] = transports_.try_emplace({address, key.port}, tls, position).first->second;
      if (first_tls.has_value() != key.is_tls) {
        context_.errors.Add(position, "port {} is here {} TLS, and {} at {}; expected one of them", key.port,
                            key.is_tls ? "for" : "not for", key.is_tls ? "not" : "for TLS", PositionText(first));
        return;
      }
      if (first_tls != tls) {
        context_.errors.Add(position,
                            "port {} has another certificate or client_auth by {} than by {}; expected the same",
                            key.port, tls->place, first_tls->place);
        return;
      }
    }
  }

  // Who has a zone on a port, where: by address, std::nullopt is every one.
  using Claims = std::vector<std::pair<std::optional<base::IpAddress>, Position>>;

  const Context& context_;
  Options options_;
  std::map<ServerKey, Claims> claims_;
  // Of each endpoint what its first key says, and where that stands.
  std::map<base::Endpoint, std::pair<std::optional<TlsOptions>, Position>> transports_;
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
  options.effective_text = EffectiveText(document, SupportedPlugins(), default_port);
  options.fingerprint = FingerprintOf(options.effective_text);
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

absl::StatusOr<Options> LoadOptionsOrDefault(const std::string& path, uint16_t default_port,
                                             const Environment& environment) {
  if (!absl::IsNotFound(environment.ReadFile(path).status())) return LoadOptions(path, default_port, environment);
  absl::StatusOr<Options> options = ParseOptions(". {\n whoami\n log\n}\n", path, default_port, environment);
  if (options.ok()) options->is_default = true;
  return options;
}

}  // namespace podnamed::config
