#include "controller/kube/find_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace podnamed::kube {
namespace {

using testing::HasSubstr;

class FindAccessTest : public ::testing::Test {
 protected:
  FindAccessTest() {
    unsetenv("KUBERNETES_SERVICE_HOST");
    unsetenv("KUBERNETES_SERVICE_PORT");
    UnsetProxies();
  }
  void TearDown() override { UnsetProxies(); }
  static void UnsetProxies() {
    for (const char* name : {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"}) {
      unsetenv(name);
    }
  }
  static std::string WriteKubeconfig() {
    const std::string path = ::testing::TempDir() + "/find_access_test.kubeconfig";
    std::ofstream(path) << "current-context: here\n"
                           "contexts: [{name: here, context: {cluster: c, user: u}}]\n"
                           "clusters: [{name: c, cluster: {server: 'https://10.0.0.1:6443'}}]\n"
                           "users: [{name: u, user: {token: secret}}]\n";
    return path;
  }
};

TEST_F(FindAccessTest, APodFindsItsOwnCluster) {
  EXPECT_THAT(std::string(FindAccess({}).status().message()), HasSubstr("this is no pod"));
  setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
  setenv("KUBERNETES_SERVICE_PORT", "443", 1);
  const auto access = FindAccess({});
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->Url(), "https://[fd00::1]:443");
  EXPECT_EQ(access->token.path, "/var/run/secrets/kubernetes.io/serviceaccount/token");
}

TEST_F(FindAccessTest, AnEndpointHasTheFilesThatAreNamedWithIt) {
  const auto access =
      FindAccess({.endpoint = "https://10.0.0.1:6443", .certificate = "/c.crt", .key = "/c.key", .ca = "/ca.crt"});
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->Url(), "https://10.0.0.1:6443");
  EXPECT_EQ(access->certificate.path, "/c.crt");
  EXPECT_EQ(access->key.path, "/c.key");
  EXPECT_EQ(access->ca.path, "/ca.crt");
}

TEST_F(FindAccessTest, AnEndpointComesBeforeTheKubeconfigsServer) {
  const std::string path = WriteKubeconfig();
  EXPECT_EQ(FindAccess({.kubeconfig = path})->Url(), "https://10.0.0.1:6443");
  const auto access = FindAccess({.endpoint = "http://[::1]:8001/proxy", .kubeconfig = path});
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->Url(), "http://[::1]:8001/proxy");
  EXPECT_EQ(access->token.text, "secret") << "who we are stays the kubeconfig's";
}

TEST_F(FindAccessTest, FindsAProxyByTheVariables) {
  setenv("https_proxy", "http://proxy:3128", 1);
  setenv("NO_PROXY", "10.0.0.2", 1);
  EXPECT_EQ(FindAccess({.endpoint = "https://10.0.0.1:6443"})->proxy->HostAndPort(), "proxy:3128");
  EXPECT_FALSE(FindAccess({.endpoint = "https://10.0.0.2:6443"})->proxy.has_value());
  setenv("HTTPS_PROXY", "socks5://proxy", 1);
  EXPECT_THAT(std::string(FindAccess({.endpoint = "https://10.0.0.1:6443"}).status().message()),
              HasSubstr("HTTPS_PROXY: found a proxy that speaks socks5"));
}

TEST_F(FindAccessTest, SaysWhichKubeconfigItCannotRead) {
  EXPECT_EQ(std::string(FindAccess({.kubeconfig = "/none/config"}).status().message()),
            "kubeconfig /none/config: No such file or directory");
  const std::string directory = ::testing::TempDir();
  EXPECT_EQ(std::string(FindAccess({.kubeconfig = directory}).status().message()),
            "kubeconfig " + directory + ": Is a directory");
  const std::string empty = directory + "/find_access_test.empty";
  std::ofstream(empty).close();
  EXPECT_EQ(std::string(FindAccess({.kubeconfig = empty}).status().message()), "kubeconfig " + empty + ": it is empty");
}

}  // namespace
}  // namespace podnamed::kube
