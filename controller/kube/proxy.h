// Which HTTP proxy stands between us and an API server, by the variables that all programs of a host share:
// HTTPS_PROXY, HTTP_PROXY and NO_PROXY, or their names in lower case, with the rules of Go's
// golang.org/x/net/http/httpproxy, by which kubectl and CoreDNS go. Pure but for FromEnvironment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace podnamed::kube {

struct Proxy {
  std::string host = {};  // an IPv6 address without brackets
  uint16_t port = 80;
  std::string credentials = {};  // "user:password"; empty: none are given. Not for people.

  // "proxy.example:3128", for people.
  std::string HostAndPort() const;
};

struct ProxyVariables {
  std::string https_proxy = {};
  std::string http_proxy = {};
  std::string no_proxy = {};

  static ProxyVariables FromEnvironment();
};

// std::nullopt: straight to the server. The error names the variable, and shows nothing of its value that may be
// secret.
absl::StatusOr<std::optional<Proxy>> FindProxy(bool is_tls, std::string_view host, uint16_t port,
                                               const ProxyVariables& variables);

}  // namespace podnamed::kube
