#include "controller/kube/kubeconfig.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "server/base/status.h"

namespace podnamed::kube {
namespace {

constexpr std::array<std::string_view, 2> kExecVersions = {"client.authentication.k8s.io/v1",
                                                           "client.authentication.k8s.io/v1beta1"};

struct Unsupported {
  const char* key;
  const char* instead;
};
constexpr std::array kUnsupportedOfUser = {
    Unsupported{"auth-provider", "Kubernetes has removed these in 1.26: use an exec plugin"},
    Unsupported{"username", "Kubernetes has removed passwords in 1.19: use a certificate or a token"},
    Unsupported{"password", "Kubernetes has removed passwords in 1.19: use a certificate or a token"},
    Unsupported{"as", "name the user itself"},
    Unsupported{"as-uid", "name the user itself"},
    Unsupported{"as-groups", "name the user itself"},
    Unsupported{"as-user-extra", "name the user itself"}};

// Reads the nodes of one file. REQUIRES of every call: yaml-cpp may throw, and ParseKubeconfig catches.
class KubeconfigReader {
 public:
  explicit KubeconfigReader(const std::string& path) : path_(path) {
    const size_t slash = path.rfind('/');
    if (slash != std::string::npos) directory_ = path.substr(0, slash + 1);
  }

  absl::StatusOr<Access> Read(const YAML::Node& root, std::string_view context_name) {
    if (!root.IsMap()) return Fail(root, "expected a kubeconfig: a mapping with clusters, users and contexts");
    std::string name(context_name);
    if (name.empty()) {
      ASSIGN_OR_RETURN(name, Text(root, "current-context"));
      if (name.empty()) return Fail(root, "it has no current-context; name the context to use");
    }
    ASSIGN_OR_RETURN(const YAML::Node context, Entry(root, "contexts", "context", name));
    ASSIGN_OR_RETURN(const std::string cluster_name, Text(context, "cluster"));
    if (cluster_name.empty()) return Fail(context, fmt::format("context \"{}\" names no cluster", name));
    ASSIGN_OR_RETURN(const std::string user_name, Text(context, "user"));
    ASSIGN_OR_RETURN(const YAML::Node cluster, Entry(root, "clusters", "cluster", cluster_name));
    ASSIGN_OR_RETURN(Access access, ReadCluster(cluster, cluster_name));
    if (user_name.empty()) return access;
    ASSIGN_OR_RETURN(const YAML::Node user, Entry(root, "users", "user", user_name));
    RETURN_IF_ERROR(ReadUser(user, user_name, &access));
    return access;
  }

  absl::Status Fail(const YAML::Mark& mark, std::string_view text) const {
    return absl::InvalidArgumentError(fmt::format("{}:{}: {}", path_, mark.is_null() ? 1 : mark.line + 1, text));
  }

 private:
  absl::Status Fail(const YAML::Node& node, std::string_view text) const { return Fail(node.Mark(), text); }

  // The value at `key`; null where there is none.
  static YAML::Node Find(const YAML::Node& map, const char* key) {
    const YAML::Node value = map[key];
    return value.IsDefined() ? value : YAML::Node();
  }

  absl::StatusOr<std::string> Text(const YAML::Node& map, const char* key) const {
    const YAML::Node value = Find(map, key);
    if (value.IsNull()) return "";
    if (!value.IsScalar()) return Fail(value, fmt::format("{}: expected a string", key));
    return value.Scalar();
  }

  absl::StatusOr<bool> Boolean(const YAML::Node& map, const char* key) const {
    ASSIGN_OR_RETURN(const std::string text, Text(map, key));
    if (text.empty() || text == "false") return false;
    if (text == "true") return true;
    return Fail(map[key], fmt::format("{}: found \"{}\", expected true or false", key, text));
  }

  // What the entry of that name in the list holds: `list: [{name: NAME, member: …}]`.
  absl::StatusOr<YAML::Node> Entry(const YAML::Node& root, const char* list, const char* member,
                                   const std::string& name) const {
    const YAML::Node entries = Find(root, list);
    if (!entries.IsNull() && !entries.IsSequence()) return Fail(entries, fmt::format("{}: expected a list", list));
    for (const YAML::Node& entry : entries) {
      if (!entry.IsMap()) return Fail(entry, fmt::format("{}: expected a mapping with a name", list));
      ASSIGN_OR_RETURN(const std::string entry_name, Text(entry, "name"));
      if (entry_name != name) continue;
      const YAML::Node value = Find(entry, member);
      if (!value.IsMap()) return Fail(entry, fmt::format("{} \"{}\" has no {}", list, name, member));
      return value;
    }
    return Fail(entries.IsNull() ? root : entries, fmt::format("found no \"{}\" among its {}", name, list));
  }

  // What stands inline in base64 at `key`-data, or in the file that `key` names; inline wins, as with kubectl.
  absl::StatusOr<Secret> FileOrData(const YAML::Node& map, const std::string& key) const {
    Secret secret;
    const std::string data_key = key + "-data";
    ASSIGN_OR_RETURN(const std::string data, Text(map, data_key.c_str()));
    if (!data.empty()) {
      if (!absl::Base64Unescape(data, &secret.text)) {
        return Fail(map[data_key], fmt::format("{}: expected base64", data_key));
      }
      return secret;
    }
    ASSIGN_OR_RETURN(const std::string path, Text(map, key.c_str()));
    if (!path.empty()) secret.path = Resolve(path);
    return secret;
  }

  std::string Resolve(const std::string& path) const { return path.starts_with('/') ? path : directory_ + path; }

  absl::StatusOr<Access> ReadCluster(const YAML::Node& cluster, const std::string& name) const {
    ASSIGN_OR_RETURN(const std::string server, Text(cluster, "server"));
    if (server.empty()) return Fail(cluster, fmt::format("cluster \"{}\" names no server", name));
    absl::StatusOr<Access> access = ParseEndpoint(server);
    if (!access.ok()) return Fail(cluster["server"], fmt::format("server: {}", std::string(access.status().message())));
    ASSIGN_OR_RETURN(const std::string proxy, Text(cluster, "proxy-url"));
    if (!proxy.empty()) {
      return Fail(cluster["proxy-url"], fmt::format("cluster \"{}\": proxy-url is not supported", name));
    }
    ASSIGN_OR_RETURN(access->ca, FileOrData(cluster, "certificate-authority"));
    ASSIGN_OR_RETURN(access->is_insecure, Boolean(cluster, "insecure-skip-tls-verify"));
    if (access->is_insecure && access->ca.is_given()) {
      return Fail(
          cluster["insecure-skip-tls-verify"],
          fmt::format("cluster \"{}\": insecure-skip-tls-verify stands beside a certificate-authority, expected "
                      "one of the two",
                      name));
    }
    ASSIGN_OR_RETURN(access->tls_server_name, Text(cluster, "tls-server-name"));
    return access;
  }

  absl::Status ReadUser(const YAML::Node& user, const std::string& name, Access* access) const {
    for (const auto& [key, instead] : kUnsupportedOfUser) {
      if (const YAML::Node value = Find(user, key); !value.IsNull()) {
        return Fail(value, fmt::format("user \"{}\": {} is not supported ({})", name, key, instead));
      }
    }
    ASSIGN_OR_RETURN(access->certificate, FileOrData(user, "client-certificate"));
    ASSIGN_OR_RETURN(access->key, FileOrData(user, "client-key"));
    if (access->certificate.is_given() != access->key.is_given()) {
      return Fail(user,
                  fmt::format("user \"{}\": found one of client-certificate and client-key, expected both", name));
    }
    // As client-go has it: the file where both are given.
    ASSIGN_OR_RETURN(const std::string token_file, Text(user, "tokenFile"));
    if (!token_file.empty()) {
      access->token.path = Resolve(token_file);
    } else {
      ASSIGN_OR_RETURN(access->token.text, Text(user, "token"));
    }
    const YAML::Node exec = Find(user, "exec");
    return exec.IsNull() ? absl::OkStatus() : ReadExec(exec, name, access);
  }

  absl::Status ReadExec(const YAML::Node& exec, const std::string& user, Access* access) const {
    const auto fail = [&](const YAML::Node& node, std::string_view text) {
      return Fail(node, fmt::format("user \"{}\": exec: {}", user, text));
    };
    if (!exec.IsMap()) return fail(exec, "expected a mapping with a command");
    ExecPlugin plugin;
    ASSIGN_OR_RETURN(plugin.api_version, Text(exec, "apiVersion"));
    if (plugin.api_version != kExecVersions[0] && plugin.api_version != kExecVersions[1]) {
      return fail(exec, fmt::format("apiVersion: found \"{}\", expected {} or {}", plugin.api_version, kExecVersions[0],
                                    kExecVersions[1]));
    }
    ASSIGN_OR_RETURN(plugin.command, Text(exec, "command"));
    if (plugin.command.empty()) return fail(exec, "it has no command");
    if (plugin.command.find('/') != std::string::npos) plugin.command = Resolve(plugin.command);
    ASSIGN_OR_RETURN(const std::string mode, Text(exec, "interactiveMode"));
    if (mode == "Always") return fail(exec["interactiveMode"], "it asks for a terminal, and there is none");
    ASSIGN_OR_RETURN(plugin.install_hint, Text(exec, "installHint"));
    ASSIGN_OR_RETURN(plugin.wants_cluster, Boolean(exec, "provideClusterInfo"));
    const YAML::Node arguments = Find(exec, "args");
    if (!arguments.IsNull() && !arguments.IsSequence()) return fail(arguments, "args: expected a list");
    for (const YAML::Node& argument : arguments) {
      if (!argument.IsScalar()) return fail(argument, "args: expected strings");
      plugin.arguments.push_back(argument.Scalar());
    }
    const YAML::Node environment = Find(exec, "env");
    if (!environment.IsNull() && !environment.IsSequence()) return fail(environment, "env: expected a list");
    for (const YAML::Node& variable : environment) {
      if (!variable.IsMap()) return fail(variable, "env: expected mappings of name and value");
      ASSIGN_OR_RETURN(std::string name, Text(variable, "name"));
      ASSIGN_OR_RETURN(std::string value, Text(variable, "value"));
      if (name.empty()) return fail(variable, "env: expected mappings of name and value");
      plugin.environment.emplace_back(std::move(name), std::move(value));
    }
    access->exec = std::move(plugin);
    return absl::OkStatus();
  }

  const std::string& path_;
  std::string directory_;  // with its slash; empty: the working directory
};

}  // namespace

absl::StatusOr<Access> ParseKubeconfig(std::string_view text, const std::string& path, std::string_view context) {
  KubeconfigReader reader(path);
  try {
    return reader.Read(YAML::Load(std::string(text)), context);
  } catch (const YAML::Exception& error) {
    return reader.Fail(error.mark, fmt::format("not YAML: {}", error.msg));
  }
}

}  // namespace podnamed::kube
