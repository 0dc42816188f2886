#include "controller/kube/kubeconfig.h"

#include <fmt/format.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace podnamed::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

absl::StatusOr<Access> Parse(std::string_view text, std::string_view context = "") {
  return ParseKubeconfig(text, "/home/me/.kube/config", context);
}

constexpr std::string_view kTwoClusters = R"(apiVersion: v1
kind: Config
current-context: blue
contexts:
- {name: blue, context: {cluster: blue, user: robot, namespace: ignored}}
- {name: green, context: {cluster: green, user: person}}
clusters:
- name: blue
  cluster:
    server: https://10.0.0.1:6443
    certificate-authority-data: SGVsbG8=
    tls-server-name: kubernetes
- name: green
  cluster: {server: "https://[fd00::1]:6443", certificate-authority: pki/ca.crt}
users:
- {name: robot, user: {token: secret, unknown-field: 1}}
- name: person
  user: {client-certificate: /pki/me.crt, client-key-data: a2V5, tokenFile: token}
)";

TEST(Kubeconfig, TakesTheCurrentContext) {
  const absl::StatusOr<Access> access = Parse(kTwoClusters);
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->Url(), "https://10.0.0.1:6443");
  EXPECT_EQ(access->ca, Secret{.text = "Hello"});
  EXPECT_EQ(access->tls_server_name, "kubernetes");
  EXPECT_EQ(access->token, Secret{.text = "secret"});
  EXPECT_FALSE(access->certificate.is_given());
  EXPECT_FALSE(access->is_insecure);
}

TEST(Kubeconfig, PathsStartFromItsDirectory) {
  const absl::StatusOr<Access> access = Parse(kTwoClusters, "green");
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->Url(), "https://[fd00::1]:6443");
  EXPECT_EQ(access->ca, Secret{.path = "/home/me/.kube/pki/ca.crt"});
  EXPECT_EQ(access->certificate, Secret{.path = "/pki/me.crt"});
  EXPECT_EQ(access->key, Secret{.text = "key"});
  EXPECT_EQ(access->token, Secret{.path = "/home/me/.kube/token"});
}

std::string WithUser(std::string_view user, std::string_view cluster = "server: https://a") {
  return fmt::format(
      "current-context: c\n"
      "contexts: [{{name: c, context: {{cluster: k, user: u}}}}]\n"
      "clusters: [{{name: k, cluster: {{{}}}}}]\n"
      "users:\n"
      "- name: u\n"
      "  user:\n"
      "    {}\n",
      cluster, user);
}

TEST(Kubeconfig, ReadsAnExecPlugin) {
  const absl::StatusOr<Access> access = Parse(WithUser(R"(exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./login
      args: [get-token, --cluster=1]
      env: [{name: PROFILE, value: dev}]
      installHint: ask Ann
      provideClusterInfo: true
      interactiveMode: IfAvailable)"));
  ASSERT_TRUE(access.ok()) << access.status();
  ASSERT_TRUE(access->exec);
  EXPECT_EQ(access->exec->command, "/home/me/.kube/./login");
  EXPECT_THAT(access->exec->arguments, ElementsAre("get-token", "--cluster=1"));
  EXPECT_THAT(access->exec->environment, ElementsAre(Pair("PROFILE", "dev")));
  EXPECT_TRUE(access->exec->wants_cluster);
}

TEST(Kubeconfig, SkipsVerificationOnlyWhenTold) {
  const absl::StatusOr<Access> access =
      Parse(WithUser("token: t", "server: https://a, insecure-skip-tls-verify: true"));
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_TRUE(access->is_insecure);
}

TEST(Kubeconfig, ErrorsSayWhere) {
  const std::string exec = "exec: {apiVersion: client.authentication.k8s.io/v1, ";
  for (const auto& [text, error] : {
           std::pair(std::string("a: ["), "config:1: not YAML"),
           std::pair(std::string("[]"), "config:1: expected a kubeconfig"),
           std::pair(std::string("kind: Config"), "config:1: it has no current-context"),
           std::pair(std::string("\ncurrent-context: c"), "config:2: found no \"c\" among its contexts"),
           std::pair(std::string("current-context: c\ncontexts: 7"), "config:2: contexts: expected a list"),
           std::pair(WithUser("auth-provider: {name: gcp}"), "config:7: user \"u\": auth-provider is not supported"),
           std::pair(WithUser("username: a"), "config:7: user \"u\": username is not supported"),
           std::pair(WithUser("as: root"), "config:7: user \"u\": as is not supported"),
           std::pair(WithUser("client-key: a"), "config:7: user \"u\": found one of client-certificate and client-key"),
           std::pair(WithUser("client-key-data: '!!!'"), "config:7: client-key-data: expected base64"),
           std::pair(WithUser("token: [a]"), "config:7: token: expected a string"),
           std::pair(WithUser("token: t", "server: a:b"), "config:3: server: found \"a:b\""),
           std::pair(WithUser("token: t", "name: a"), "config:3: cluster \"k\" names no server"),
           std::pair(WithUser("token: t", "server: a, proxy-url: b"), "config:3: cluster \"k\": proxy-url is not"),
           std::pair(WithUser("token: t", "server: a, insecure-skip-tls-verify: 1"), "expected true or false"),
           std::pair(WithUser("token: t", "server: a, insecure-skip-tls-verify: true, certificate-authority: b"),
                     "expected one of the two"),
           std::pair(WithUser("exec: {command: a}"), "config:7: user \"u\": exec: apiVersion: found \"\""),
           std::pair(WithUser(exec + "args: []}"), "exec: it has no command"),
           std::pair(WithUser(exec + "command: a, args: b}"), "exec: args: expected a list"),
           std::pair(WithUser(exec + "command: a, interactiveMode: Always}"), "exec: it asks for a terminal"),
       }) {
    EXPECT_THAT(std::string(Parse(text).status().message()), HasSubstr(error)) << text;
  }
}

}  // namespace
}  // namespace podnamed::kube
