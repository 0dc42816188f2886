// What a Corefile asks for, typed and checked: the only part of config/ that the server uses.
//
// LoadOptions runs once, at start. Values; any thread afterwards.
#pragma once

#include <chrono>
#include <cstdint>
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
#include "config/server_keys.h"
#include "server/base/endpoint.h"
#include "server/base/ip_address.h"
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

struct HealthOptions {
  base::Endpoint endpoint;
  absl::Duration lameduck = absl::ZeroDuration();  // how long everything goes on after a stop signal
};

struct ServerBlockOptions {
  std::string place;                  // "Corefile:3:1", for messages
  std::vector<ServerKey> keys;        // at least one
  std::vector<base::IpAddress> bind;  // each once; empty: every address of the machine
  std::optional<HealthOptions> health;
  std::optional<base::Endpoint> ready;       // where it is told whether the block's cluster is known
  std::optional<base::Endpoint> prometheus;  // where metrics are read
  std::optional<CacheOptions> cache;
  std::optional<KubernetesOptions> kubernetes;
  std::vector<ForwardOptions> forward;  // asked in this order
};

struct Options {
  std::vector<ServerBlockOptions> blocks;  // at least one; no two share a zone on one port
};

// The plugins that a server block may have, in the order in which a query meets them.
std::vector<std::string_view> SupportedPlugins();

// Reads the Corefile at `path` and what it imports. A failure's message lists every error, one per line, as
// "file:line:column: what was found; what was expected", with the nearest known word where there is one.
absl::StatusOr<Options> LoadOptions(const std::string& path, uint16_t default_port, const Environment& environment);

// The same for a text that is at hand; `file` is what messages call it and where imports start from.
absl::StatusOr<Options> ParseOptions(std::string_view text, const std::string& file, uint16_t default_port,
                                     const Environment& environment);

}  // namespace podnamed::config
