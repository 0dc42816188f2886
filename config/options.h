// What a Corefile asks for, typed and checked: the only part of config/ that the server uses.
//
// LoadOptions runs at start and at each reload, never on a worker's thread. Values; any thread afterwards.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "config/cache_options.h"
#include "config/environment.h"
#include "config/forward_options.h"
#include "config/rewrite_options.h"
#include "config/server_keys.h"
#include "config/template_options.h"
#include "config/view_expression.h"
#include "config/zone_options.h"
#include "server/base/endpoint.h"
#include "server/base/ip_address.h"
#include "server/base/ip_network.h"
#include "server/base/log.h"
#include "server/dns/name.h"
#include "server/dns/types.h"
#include "server/resolve/options.h"

namespace podnamed::config {

// Kubernetes objects as YAML files; read by a controller in podnamed's own process.
struct ManifestsSource {
  std::string directory;  // relative to the working directory, as CoreDNS takes its paths

  friend bool operator==(const ManifestsSource&, const ManifestsSource&) = default;
};

// The API server of a cluster; asked by a controller in podnamed's own process.
struct ApiSource {
  std::string endpoint;         // URL; empty: the kubeconfig's, or else that of the cluster that this is a pod of
  std::string tls_certificate;  // files in PEM, empty where not given
  std::string tls_key;
  std::string tls_ca;
  std::string kubeconfig;                           // file
  std::string context;                              // of it; empty: its current one
  std::chrono::milliseconds startup_timeout{5000};  // how long the start waits for the whole cluster
  int hold_removals = 50;                           // percent; see the controller's removal_hold.h

  // What the answers need to be asked for.
  bool pods = false;
  bool service_imports = false;
  std::string service_selector;
  std::string namespace_selector;

  friend bool operator==(const ApiSource&, const ApiSource&) = default;
};

// A podname-controller.
struct FeedSource {
  std::string address;  // as gRPC takes it: "unix:///run/podnamed/feed.sock", "10.0.0.7:9550", "[fd00::7]:9550"

  friend bool operator==(const FeedSource&, const FeedSource&) = default;
};

struct KubernetesOptions {
  std::variant<ManifestsSource, FeedSource, ApiSource> source;
  // Zones each once, in the order of the Corefile, at least one for names; without the server's own addresses.
  resolve::ResolverOptions answers;
};

// Zones in which the services of the block's cluster are found by who is outside of it.
struct ExternalOptions {
  std::vector<dns::Name> zones;  // folded, each once, in the order of the Corefile, at least one for names
  uint32_t ttl = 5;              // seconds
  resolve::ExternalNames names;
  // Names in these zones that do not exist are left to the next plugin. std::nullopt: none are.
  std::optional<std::vector<dns::Name>> fallthrough = {};
};

struct HealthOptions {
  base::Endpoint endpoint;
  absl::Duration lameduck = absl::ZeroDuration();  // how long everything goes on after a stop signal
};

// Errors that are counted for a while, and then told in one line.
struct ConsolidateOptions {
  absl::Duration period;                                         // from the first of them
  std::string pattern;                                           // RE2's, valid
  std::optional<base::LogLevel> level = base::LogLevel::kError;  // of that line; none: it is not written
  bool show_first = false;                                       // the first is told at once
};

struct ErrorsOptions {
  std::vector<ConsolidateOptions> consolidate;  // the first whose pattern matches counts
};

// Which queries are written to the log, and how.
struct LogRule {
  dns::Name zone;  // folded; at or below it
  std::string format;
  bool success = true;
  bool denial = true;
  bool error = true;
};

// Names and addresses as /etc/hosts has them.
struct HostsOptions {
  struct Line {
    base::IpAddress address;
    std::vector<dns::Name> names;  // folded

    friend bool operator==(const Line&, const Line&) = default;
  };

  std::string file = "/etc/hosts";           // relative to the block's `root`
  std::vector<dns::Name> zones;              // names outside of them are nobody's
  std::vector<Line> lines;                   // of the Corefile, besides the file's
  uint32_t ttl = 3600;                       // seconds
  bool reverse = true;                       // addresses have names
  absl::Duration reload = absl::Seconds(5);  // between two looks at the file; zero: one look, at start
  std::vector<dns::Name> fallthrough;        // names in these zones that have no address are left to the next plugin

  friend bool operator==(const HostsOptions&, const HostsOptions&) = default;
};

// Who may ask for what: the first policy that fits a query decides.
struct AclPolicy {
  enum class Action : uint8_t { kAllow, kBlock, kFilter, kDrop };
  Action action = Action::kAllow;
  std::vector<dns::RecordType> types;     // empty: every type
  std::vector<base::IpNetwork> networks;  // of clients; empty: every client
};
struct AclOptions {
  std::vector<dns::Name> zones;
  std::vector<AclPolicy> policies;
};

// Which queries a server block is for: those for which all the expressions hold.
struct ViewOptions {
  std::string name;
  std::vector<std::shared_ptr<const ViewExpression>> expressions;
};

// Search lists that are walked for clients whose query stands at their beginning.
struct AutopathOptions {
  std::vector<dns::Name> zones;   // folded; names outside of them are left alone
  bool of_cluster = false;        // NS.svc.ZONE svc.ZONE ZONE of the client's pod, then `search`
  std::vector<dns::Name> search;  // folded; the name without any of them comes last
};

struct LoadbalanceOptions {
  std::string weights;                        // a file; empty: every order is as likely as any other
  absl::Duration reload = absl::Seconds(30);  // between two looks at it; zero: one look, at start
  std::vector<base::IpNetwork> prefer;        // addresses in the first of these come first, and so on
};

struct ChaosOptions {
  std::string version;               // at most 255 octets, as is each of
  std::vector<std::string> authors;  // each once, in order
};

enum class HeaderFlag : uint8_t { kAuthoritative, kRecursionAvailable, kRecursionDesired };
struct HeaderOptions {
  struct Rule {
    HeaderFlag flag;
    bool value;
  };
  std::vector<Rule> of_query;     // as the plugins behind see it
  std::vector<Rule> of_response;  // in their order
};

// What a client of a stream may, where it is said.
struct TimeoutsOptions {
  std::optional<absl::Duration> read;   // for a query
  std::optional<absl::Duration> write;  // to take replies
  std::optional<absl::Duration> idle;   // between queries
  std::optional<uint32_t> max_queries;  // of one connection; as many as it likes without
};

// Which certificates clients of TLS are to show, as Go's package crypto/tls has it.
enum class ClientAuth : uint8_t { kNoCert, kRequest, kRequire, kVerifyIfGiven, kRequireAndVerify };

// Who we are to clients of TLS. Files in PEM, from the working directory.
struct TlsOptions {
  std::string place;  // of the directive, for messages
  std::string certificate;
  std::string key;
  std::string ca;  // of clients' certificates; empty: the system's authorities
  ClientAuth client_auth = ClientAuth::kNoCert;

  // Wherever they stand.
  friend bool operator==(const TlsOptions& a, const TlsOptions& b) {
    return a.certificate == b.certificate && a.key == b.key && a.ca == b.ca && a.client_auth == b.client_auth;
  }
};

// When the Corefile is looked at again.
struct ReloadOptions {
  absl::Duration interval = absl::Seconds(30);
  absl::Duration jitter = absl::Seconds(15);  // the interval is up to half of it longer or shorter; at most half of it
};

struct ServerBlockOptions {
  std::string place;                  // "Corefile:3:1", for messages
  std::vector<ServerKey> keys;        // at least one
  std::vector<std::string> plugins;   // that the block has, each once, in the order in which a query meets them
  std::vector<base::IpAddress> bind;  // each once; empty: every address of the machine
  std::optional<HealthOptions> health;
  std::optional<base::Endpoint> ready;       // where it is told whether the block's cluster is known
  std::optional<base::Endpoint> prometheus;  // where metrics are read
  std::optional<CacheOptions> cache;
  std::optional<ErrorsOptions> errors;
  std::vector<LogRule> log;  // of each query the first whose zone it is in; empty: nothing is logged
  std::optional<KubernetesOptions> kubernetes;
  std::optional<ExternalOptions> external;         // only where `kubernetes` is
  std::optional<std::vector<dns::Name>> metadata;  // names outside of these zones have none; without it all have
  std::vector<RewriteRule> rewrite;                // in the order of the Corefile
  std::vector<ForwardOptions> forward;             // asked in this order
  std::vector<TemplateOptions> templates;          // tried in this order
  std::optional<HostsOptions> hosts;
  std::vector<TransferOptions> transfer;
  std::vector<FileOptions> file;  // of names in several the longest zone answers
  std::optional<AutoOptions> auto_zones;
  std::vector<AclOptions> acl;  // in the order of the Corefile
  std::optional<ViewOptions> view;
  std::optional<AutopathOptions> autopath;
  std::optional<LoadbalanceOptions> loadbalance;
  std::optional<ChaosOptions> chaos;
  std::optional<HeaderOptions> header;
  std::optional<TimeoutsOptions> timeouts;
  std::optional<TlsOptions> tls;        // there is one if one of the keys is for TLS
  std::optional<ReloadOptions> reload;  // of the whole process: the last block that has it decides
  std::optional<std::string> nsid;      // empty: the host's name
  std::optional<uint16_t> bufsize;      // octets of a reply over UDP, at most
  // How long a query may wait for others.
  std::optional<absl::Duration> cancel;
  bool any = false;
  bool local = false;
  bool loop = false;
  bool minimal = false;
  bool whoami = false;

  std::string root;                   // directory of relative paths; empty: the working directory
  std::vector<std::string> warnings;  // what the person who starts the server should know, with its place

  // A path of this block, which may be relative.
  std::string InRoot(const std::string& path) const {
    return root.empty() || path.starts_with("/") ? path : root + "/" + path;
  }
};

struct Options {
  std::vector<ServerBlockOptions>
      blocks;  // at least one; of those that share a zone on one endpoint only the last is without a view
  std::string effective_text;  // the Corefile as it was understood (effective_text.h)
  std::string fingerprint;     // of that text (fingerprint.h)
  bool is_default = false;     // there was no Corefile
};

// The plugins that a server block may have, in the order in which a query meets them.
std::vector<std::string_view> SupportedPlugins();

// Reads the Corefile at `path` and what it imports. A failure's message lists every error, one per line, as
// "file:line:column: what was found; what was expected", with the nearest known word where there is one.
absl::StatusOr<Options> LoadOptions(const std::string& path, uint16_t default_port, const Environment& environment);

// The same; where there is no such file, what CoreDNS serves then: `whoami` and `log`, for all names.
absl::StatusOr<Options> LoadOptionsOrDefault(const std::string& path, uint16_t default_port,
                                             const Environment& environment);

// The same for a text that is at hand; `file` is what messages call it and where imports start from.
absl::StatusOr<Options> ParseOptions(std::string_view text, const std::string& file, uint16_t default_port,
                                     const Environment& environment);

}  // namespace podnamed::config
