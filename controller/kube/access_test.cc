#include "controller/kube/access.h"

#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace podnamed::kube {
namespace {

using ::testing::HasSubstr;

TEST(ParseEndpoint, SaysTheSameAgain) {
  for (const auto& [url, whole] : {
           std::pair("https://10.0.0.1:6443", "https://10.0.0.1:6443"),
           std::pair("https://api.example", "https://api.example:443"),
           std::pair("api.example:6443", "https://api.example:6443"),
           std::pair("http://localhost", "http://localhost:80"),
           std::pair("https://[fd00::1]", "https://[fd00::1]:443"),
           std::pair("https://[fd00::1]:6443/", "https://[fd00::1]:6443"),
           std::pair("https://rancher.example/k8s/clusters/c-1/", "https://rancher.example:443/k8s/clusters/c-1"),
       }) {
    const absl::StatusOr<Access> access = ParseEndpoint(url);
    ASSERT_TRUE(access.ok()) << access.status();
    EXPECT_EQ(access->Url(), whole);
  }
}

TEST(ParseEndpoint, RefusesWhatIsNoServer) {
  for (const char* url :
       {"", "https://", "ftp://a", "https://a:0", "https://a:70000", "https://fd00::1", "https://[fd00",
        "https://[10.0.0.1]", "https://[fd00::1]6443", "https://user@a", "https://a?b", "https://a b"}) {
    const absl::StatusOr<Access> access = ParseEndpoint(url);
    ASSERT_FALSE(access.ok()) << url;
    EXPECT_THAT(access.status().message(), HasSubstr("expected the URL of an API server")) << url;
  }
}

TEST(InClusterAccess, IsWhatTheKubeletMounts) {
  const absl::StatusOr<Access> access = InClusterAccess("fd00::1", "443", "/secrets");
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->Url(), "https://[fd00::1]:443");
  EXPECT_EQ(access->ca.path, "/secrets/ca.crt");
  EXPECT_EQ(access->token.path, "/secrets/token");
}

TEST(InClusterAccess, SaysWhatToDoOutsideOfACluster) {
  EXPECT_THAT(InClusterAccess("", "").status().message(), HasSubstr("name the API server with a kubeconfig"));
  EXPECT_THAT(InClusterAccess("10.0.0.1", "https").status().message(), HasSubstr("KUBERNETES_SERVICE_PORT"));
}

}  // namespace
}  // namespace podnamed::kube
