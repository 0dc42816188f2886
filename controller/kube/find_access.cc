#include "controller/kube/find_access.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include "controller/kube/kubeconfig.h"
#include "server/base/status.h"

namespace podnamed::kube {
namespace {

std::string_view Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  // Not by a stream's iterators: of a directory they throw.
  if (file) text << file.rdbuf();
  if (!file || !text) {
    return absl::NotFoundError(
        fmt::format("kubeconfig {}: {}", path, errno == 0 ? "it is empty" : std::strerror(errno)));
  }
  return std::move(text).str();
}

absl::StatusOr<Access> Found(const AccessOptions& options) {
  if (!options.kubeconfig.empty()) {
    ASSIGN_OR_RETURN(const std::string text, ReadFile(options.kubeconfig));
    return ParseKubeconfig(text, options.kubeconfig, options.context);
  }
  if (!options.endpoint.empty()) return ParseEndpoint(options.endpoint);
  return InClusterAccess(Variable("KUBERNETES_SERVICE_HOST"), Variable("KUBERNETES_SERVICE_PORT"));
}

}  // namespace

absl::StatusOr<Access> FindAccess(const AccessOptions& options) {
  ASSIGN_OR_RETURN(Access access, Found(options));
  if (!options.endpoint.empty() && !options.kubeconfig.empty()) {
    ASSIGN_OR_RETURN(Access server, ParseEndpoint(options.endpoint));
    access.is_tls = server.is_tls;
    access.host = std::move(server.host);
    access.port = server.port;
    access.path = std::move(server.path);
  }
  if (!options.certificate.empty()) access.certificate = {.path = options.certificate};
  if (!options.key.empty()) access.key = {.path = options.key};
  if (!options.ca.empty()) access.ca = {.path = options.ca};
  ASSIGN_OR_RETURN(access.proxy, FindProxy(access.is_tls, access.host, access.port, ProxyVariables::FromEnvironment()));
  return access;
}

}  // namespace podnamed::kube
