// What a `forward` directive asks for. Values; any thread.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/base/endpoint.h"
#include "server/dns/name.h"
#include "server/dns/types.h"

namespace podnamed::config {

// An upstream name server.
struct ForwardTarget {
  base::Endpoint endpoint;      // with an address
  bool is_tls = false;          // DNS over TLS (RFC 7858)
  std::string tls_server_name;  // whom its certificate must name; empty: the directive's, or else its address

  friend bool operator==(const ForwardTarget&, const ForwardTarget&) = default;
};

struct ForwardOptions {
  enum class Policy { kRandom, kRoundRobin, kSequential };

  dns::Name from;                      // folded; names at or below it
  std::vector<ForwardTarget> targets;  // as written, 1 to 15; empty where they come from files alone
  std::vector<std::string> files;  // like /etc/resolv.conf, whose name servers are targets too, read again and again
  std::vector<dns::Name> except;   // folded; these are left to the next plugin

  Policy policy = Policy::kRandom;
  bool force_tcp = false;
  bool prefer_udp = false;
  absl::Duration expire = absl::Seconds(10);  // how long an idle connection is kept
  size_t max_idle_connections = 0;            // to one upstream; 0: as many as there are
  int max_fails = 2;                          // failed health checks until an upstream is down; 0: never
  int max_attempts = 0;                       // for one query; 0: twice for each upstream
  size_t max_concurrent = 0;                  // queries under way; 0: no limit
  bool fail_fast = false;                     // SERVFAIL when all are down, instead of trying one
  absl::Duration read_timeout = absl::Seconds(2);

  absl::Duration health_interval = absl::Milliseconds(500);
  bool health_recursion = true;  // RD in the question of a health check
  dns::Name health_domain;       // what it asks for

  std::string tls_certificate;  // of ours, and its key, files in PEM; empty: none
  std::string tls_key;
  std::string tls_ca;  // file in PEM; empty: the system's
  std::string tls_server_name;

  std::vector<dns::Rcode> failover;  // with these the next upstream is asked
  std::vector<dns::Rcode> next;      // with these the next forward directive is
  bool next_on_nodata = false;

  friend bool operator==(const ForwardOptions&, const ForwardOptions&) = default;
};

// The name servers that a text like /etc/resolv.conf names, in its order, each once; with port 53. What cannot be read
// is passed over, as the C library does.
std::vector<ForwardTarget> ReadResolvConf(std::string_view text);

inline constexpr size_t kMaxForwardTargets = 15;

}  // namespace podnamed::config
