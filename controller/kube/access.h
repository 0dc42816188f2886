// Where a cluster's API server is, and who we are to it, as a person or the cluster has said it: a value, nothing of it
// has been tried or read yet (credentials.h does that). Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "controller/kube/proxy.h"

namespace podnamed::kube {

// PEM text or a token: given itself, or the file that holds it, which may change while we run. Both empty: not given.
struct Secret {
  std::string text = {};
  std::string path = {};
  bool is_given() const { return !text.empty() || !path.empty(); }
  friend bool operator==(const Secret&, const Secret&) = default;
};

// A program that prints credentials (client-go's exec credential plugins).
struct ExecPlugin {
  std::string api_version = {};  // of the ExecCredential that it is asked for and answers with
  std::string command = {};
  std::vector<std::string> arguments = {};
  std::vector<std::pair<std::string, std::string>> environment = {};  // besides our own
  std::string install_hint = {};
  bool wants_cluster = false;
};

struct Access {
  bool is_tls = true;
  std::string host = {};  // a name or an address, an IPv6 one without brackets
  uint16_t port = 443;
  std::optional<Proxy> proxy = {};
  std::string path = {};  // what stands before /api and /apis: empty, or "/…" without a slash at its end

  Secret ca = {};  // not given: the system's
  bool is_insecure = false;
  std::string tls_server_name = {};  // what the server's certificate is for, where that is not `host`

  Secret certificate = {};  // ours; with its key
  Secret key = {};
  Secret token = {};
  std::optional<ExecPlugin> exec = {};

  // "https://10.0.0.1:6443", "https://[fd00::1]:443/prefix".
  std::string Url() const;
  // "10.0.0.1:6443", "[fd00::1]:443"; also the Host of a request.
  std::string HostAndPort() const;
};

// The server at a URL; https and port 443 (80 for http) where it names none. The error says what was found.
absl::StatusOr<Access> ParseEndpoint(std::string_view url);

// What the kubelet gives a pod.
inline constexpr const char* kServiceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

// `host` and `port` are those of KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT.
absl::StatusOr<Access> InClusterAccess(std::string_view host, std::string_view port,
                                       const std::string& directory = kServiceAccountDirectory);

}  // namespace podnamed::kube
