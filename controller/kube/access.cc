#include "controller/kube/access.h"

#include <fmt/format.h>

#include "controller/kube/text.h"
#include "server/base/ip_address.h"

namespace podnamed::kube {
namespace {

constexpr uint16_t kHttpPort = 80;
constexpr uint64_t kMaxPort = 65535;

bool ParsePort(std::string_view text, uint16_t* port) {
  uint64_t number;
  if (!ParseNumber(text, &number) || number < 1 || number > kMaxPort) return false;
  *port = static_cast<uint16_t>(number);
  return true;
}

absl::Status NoUrl(std::string_view url, std::string_view why) {
  return absl::InvalidArgumentError(
      fmt::format("found \"{}\", expected the URL of an API server like https://10.0.0.1:6443: {}", url, why));
}

}  // namespace

std::string Access::HostAndPort() const {
  return host.find(':') != std::string::npos ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string Access::Url() const { return fmt::format("{}://{}{}", is_tls ? "https" : "http", HostAndPort(), path); }

absl::StatusOr<Access> ParseEndpoint(std::string_view url) {
  Access access;
  std::string_view rest = url;
  if (const size_t scheme = rest.find("://"); scheme != std::string_view::npos) {
    const std::string_view word = rest.substr(0, scheme);
    if (word != "https" && word != "http") return NoUrl(url, "only https and http are known");
    access.is_tls = word == "https";
    rest.remove_prefix(scheme + 3);
  }
  if (!access.is_tls) access.port = kHttpPort;
  if (rest.find_first_of("@?# \t\r\n") != std::string_view::npos) {
    return NoUrl(url, "it may have a host, a port and a path only");
  }
  const size_t slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos) access.path = rest.substr(slash);
  while (access.path.ends_with('/')) access.path.pop_back();

  std::string_view host = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    if (end == std::string_view::npos) return NoUrl(url, "a bracket is open");
    host = authority.substr(1, end - 1);
    const auto address = base::ParseIpAddress(host);
    if (!address || address->is_v4()) return NoUrl(url, "in brackets stands an IPv6 address");
    port = authority.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return NoUrl(url, "after a bracket comes :PORT");
  } else if (const size_t colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon);
    if (port.find(':', 1) != std::string_view::npos) return NoUrl(url, "an IPv6 address stands in brackets");
  }
  if (host.empty()) return NoUrl(url, "it has no host");
  if (!port.empty() && !ParsePort(port.substr(1), &access.port)) return NoUrl(url, "its port is none");
  access.host = host;
  return access;
}

absl::StatusOr<Access> InClusterAccess(std::string_view host, std::string_view port, const std::string& directory) {
  if (host.empty() || port.empty()) {
    return absl::FailedPreconditionError(
        "this is no pod of a Kubernetes cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; name "
        "the API server with a kubeconfig or an endpoint");
  }
  Access access;
  access.host = host;
  if (!ParsePort(port, &access.port)) {
    return absl::InvalidArgumentError(fmt::format("KUBERNETES_SERVICE_PORT: found \"{}\", expected a port", port));
  }
  access.ca.path = directory + "/ca.crt";
  access.token.path = directory + "/token";
  return access;
}

}  // namespace podnamed::kube
