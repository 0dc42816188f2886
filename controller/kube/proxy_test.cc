#include "controller/kube/proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podnamed::kube {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The proxy of https://HOST:PORT; "-": none.
std::string ProxyOf(const std::string& host, uint16_t port, const ProxyVariables& variables) {
  const auto proxy = FindProxy(true, host, port, variables);
  if (!proxy.ok()) return std::string(proxy.status().message());
  return *proxy ? (*proxy)->HostAndPort() : "-";
}

TEST(FindProxy, TheSchemeSaysWhichVariableCounts) {
  const ProxyVariables variables{.https_proxy = "http://secure:1", .http_proxy = "plain"};
  EXPECT_EQ((*FindProxy(true, "api", 443, variables))->HostAndPort(), "secure:1");
  EXPECT_EQ((*FindProxy(false, "api", 80, variables))->HostAndPort(), "plain:80");
  EXPECT_FALSE(FindProxy(true, "api", 443, {})->has_value());
}

TEST(FindProxy, LoopbackIsNeverProxied) {
  for (const char* host : {"localhost", "LocalHost", "127.0.0.1", "127.1.2.3", "::1"}) {
    EXPECT_EQ(ProxyOf(host, 6443, {.https_proxy = "proxy"}), "-") << host;
  }
}

TEST(FindProxy, ExceptsWhatNoProxyNames) {
  struct Case {
    const char* no_proxy;
    const char* host;
    bool is_excepted;
  };
  const Case cases[] = {
      {"*", "api.example.com", true},
      {" other , example.com ,", "api.example.com", true},
      {"example.com", "example.com", true},
      {"EXAMPLE.com", "Example.COM", true},
      {"example.com", "badexample.com", false},
      {".example.com", "example.com", false},
      {".example.com", "api.example.com", true},
      {"*.example.com", "api.example.com", true},
      {"*.example.com", "example.com", false},
      {"example.com:6443", "api.example.com", true},
      {"example.com:443", "api.example.com", false},
      {"10.0.0.1", "10.0.0.1", true},
      {"10.0.0.1:6443", "10.0.0.1", true},
      {"10.0.0.1:443", "10.0.0.1", false},
      {"10.0.0.10", "10.0.0.1", false},
      {"10.0.0.0/8", "10.255.0.1", true},
      {"10.0.0.0/8", "11.0.0.1", false},
      {"10.0.0.0/31", "10.0.0.2", false},
      {"0.0.0.0/0", "fd00::1", false},
      {"fd00::/8", "fd12::1", true},
      {"[fd00::1]:6443", "fd00::1", true},
      {"fd00::1", "fd00:0::1", true},
      {"10.0.0.0/8", "ten.example.com", false},
      {":6443", "api", false},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(ProxyOf(each.host, 6443, {.https_proxy = "http://proxy:3128", .no_proxy = each.no_proxy}),
              each.is_excepted ? "-" : "proxy:3128")
        << each.no_proxy << " " << each.host;
  }
}

TEST(FindProxy, KnowsUsers) {
  const auto credentials = [](const std::string& url) {
    return (*FindProxy(true, "api", 443, {.https_proxy = url}))->credentials;
  };
  EXPECT_EQ(credentials("http://ann:p%40ss%3a@[fd00::1]:3128/"), "ann:p@ss:");
  EXPECT_EQ(credentials("ann@proxy:3128"), "ann:");
  EXPECT_EQ(credentials("http://proxy"), "");
}

TEST(FindProxy, SaysWhatItCannotUseWithoutItsSecrets) {
  for (const char* url : {"socks5://ann:secret@proxy", "https://ann:secret@proxy", "http://ann:secret@proxy:99999",
                          "http://ann:secret@", "http://ann:secret%2@proxy", "http://ann:secret@two words"}) {
    const std::string error = ProxyOf("api", 443, {.https_proxy = url});
    EXPECT_THAT(error, HasSubstr("HTTPS_PROXY: ")) << url;
    EXPECT_THAT(error, HasSubstr("expected the URL of a proxy like http://proxy.example:3128")) << url;
    EXPECT_THAT(error, Not(HasSubstr("secret"))) << url;
  }
  EXPECT_EQ(ProxyOf("127.0.0.1", 443, {.https_proxy = "socks5://proxy"}), "-") << "it does not matter";
}

}  // namespace
}  // namespace podnamed::kube
