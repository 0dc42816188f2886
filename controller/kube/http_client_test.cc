#include "controller/kube/http_client.h"

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "controller/kube/test_api_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/k8s/core/v1/core.pb.h"

namespace podnamed::kube {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr const char* kServices = "/api/v1/services";
constexpr size_t kMaxBody = 1 << 20;

class HttpClientTest : public ::testing::Test {
 protected:
  template <typename T>
  T Await(asio::awaitable<T> task) {
    auto result = asio::co_spawn(context_, std::move(task), asio::use_future);
    context_.restart();
    context_.run();
    return result.get();
  }
  // The whole body, or the error, or the status if it is not 200.
  std::string Get(HttpClient& client, const std::string& target = kServices) {
    const absl::StatusOr<HttpReply> reply = Await(client.Get({.target = target, .accept = "application/json"}));
    if (!reply.ok()) return std::string(reply.status().message());
    if (reply->status != 200) return absl::StrCat(reply->status);
    const absl::StatusOr<std::string> body = Await(client.ReadAll(kMaxBody));
    return body.ok() ? *body : std::string(body.status().message());
  }
  std::string GetOnce(const Access& access, HttpOptions options = {}) {
    HttpClient client(context_.get_executor(), access, options);
    return Get(client);
  }

  asio::io_context context_;
};

k8s::core::v1::Service Service(const std::string& name) {
  k8s::core::v1::Service service;
  service.mutable_metadata()->set_namespace_("default");
  service.mutable_metadata()->set_name(name);
  return service;
}

TEST_F(HttpClientTest, KeepsItsConnection) {
  TestApiServer server;
  HttpClient client(context_.get_executor(), server.access());
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Get(client), HasSubstr(R"("items":[])"));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, SpeaksPlainHttpWhereToldTo) {
  TestApiServer server({.is_tls = false});
  EXPECT_THAT(GetOnce(server.access()), HasSubstr(R"("items":[])"));
}

TEST_F(HttpClientTest, AsksAgainWhenAKeptConnectionWasClosed) {
  TestApiServer server;
  HttpClient client(context_.get_executor(), server.access());
  Get(client);
  server.CutConnections();
  EXPECT_THAT(Get(client), HasSubstr(R"("items":[])"));
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTest, ReadsGzip) {
  TestApiServer server({.compresses = true});
  for (int i = 0; i < 2000; ++i) server.Put(kServices, Service(absl::StrCat("service-", i)));
  const std::string body = GetOnce(server.access());
  EXPECT_GT(body.size(), 100'000);
  EXPECT_THAT(body, HasSubstr("service-1999"));
}

TEST_F(HttpClientTest, BoundsABody) {
  TestApiServer server;
  for (int i = 0; i < 20'000; ++i) server.Put(kServices, Service(absl::StrCat("service-", i)));
  EXPECT_THAT(GetOnce(server.access()), HasSubstr("a reply of more than 1048576 octets"));
}

TEST_F(HttpClientTest, TrustsOnlyWhatTheAuthoritySigned) {
  TestApiServer server;
  Access access = server.access();
  access.ca.text = testing::MakeCa("another").certificate;
  EXPECT_THAT(GetOnce(access), HasSubstr("its certificate is not trusted by the given certificate authority"));
  access.ca = {};
  EXPECT_THAT(GetOnce(access), HasSubstr("its certificate is not trusted by the system's certificate authorities"));
  access.is_insecure = true;
  EXPECT_THAT(GetOnce(access), HasSubstr("items"));
}

TEST_F(HttpClientTest, DemandsACertificateForTheServer) {
  TestApiServer server({.certificate_names = {"DNS:kubernetes", "IP:10.0.0.1", "IP:fd00::1"}});
  Access access = server.access();
  EXPECT_THAT(GetOnce(access), HasSubstr("its certificate is not for 127.0.0.1"));
  for (const char* name : {"kubernetes", "10.0.0.1", "fd00::1"}) {
    access.tls_server_name = name;
    EXPECT_THAT(GetOnce(access), HasSubstr("items")) << name;
  }
  access.tls_server_name = "kubernetes.default";
  EXPECT_THAT(GetOnce(access), HasSubstr("its certificate is not for kubernetes.default"));
}

TEST_F(HttpClientTest, SaysThatACertificateHasExpired) {
  TestApiServer server({.certificate_age_days = 2});
  EXPECT_THAT(GetOnce(server.access()), HasSubstr("its certificate has expired: renew it"));
}

TEST_F(HttpClientTest, ReadsARotatedTokenAnew) {
  TestApiServer server;
  const std::string path = absl::StrCat(::testing::TempDir(), "kube_rotated_token_", getpid());
  std::ofstream(path) << "secret";
  Access access = server.access();
  access.token = {.path = path};
  HttpClient client(context_.get_executor(), access);
  EXPECT_THAT(Get(client), HasSubstr("items"));
  server.SetToken("new");
  EXPECT_EQ(Get(client), "401");
  std::ofstream(path) << "new";
  EXPECT_THAT(Get(client), HasSubstr("items"));
  std::filesystem::remove(path);
}

TEST_F(HttpClientTest, AsksOnceMoreWhenRefused) {
  TestApiServer server;
  server.Add({.kind = TestFault::Kind::kStatus, .target = kServices, .code = 401, .reason = "Unauthorized"});
  EXPECT_THAT(GetOnce(server.access()), HasSubstr("items"));
  EXPECT_EQ(server.requests().size(), 2);
}

TEST_F(HttpClientTest, TellsHowLongToWait) {
  TestApiServer server;
  server.Add({.kind = TestFault::Kind::kStatus, .target = "", .code = 429, .headers = "Retry-After: 7\r\n"});
  HttpClient client(context_.get_executor(), server.access());
  const auto reply = Await(client.Get({.target = kServices, .accept = "*/*"}));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->status, 429);
  EXPECT_EQ(reply->retry_after, std::chrono::seconds(7));
}

TEST_F(HttpClientTest, GivesUpOnAServerThatDoesNotAnswer) {
  TestApiServer server;
  server.Add({.kind = TestFault::Kind::kHang, .target = ""});
  EXPECT_THAT(GetOnce(server.access(), {.reply_deadline = milliseconds(50)}), HasSubstr("no reply in time"));
}

TEST_F(HttpClientTest, GivesUpOnAServerThatDoesNotShakeHands) {
  asio::ip::tcp::acceptor silent(context_, {asio::ip::make_address("127.0.0.1"), 0});
  Access access;
  access.host = "127.0.0.1";
  access.port = silent.local_endpoint().port();
  EXPECT_THAT(GetOnce(access, {.connect_deadline = milliseconds(50)}), HasSubstr("TLS handshake: "));
}

TEST_F(HttpClientTest, SaysThatAReplyBrokeOff) {
  TestApiServer server;
  server.Put(kServices, Service("web"));
  server.Add({.kind = TestFault::Kind::kCut, .target = kServices, .code = 10});
  EXPECT_THAT(GetOnce(server.access()), HasSubstr("the reply broke off: "));
}

// The head of a chunk may have extensions, of any length as far as HTTP is concerned.
TEST_F(HttpClientTest, BoundsTheHeadOfAChunk) {
  asio::ip::tcp::acceptor acceptor(context_, {asio::ip::make_address("127.0.0.1"), 0});
  size_t written = 0;
  std::thread server([&] {
    asio::ip::tcp::socket socket = acceptor.accept();
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=";
    const std::string piece(1 << 20, 'x');
    boost::system::error_code error;
    asio::write(socket, asio::buffer(head), error);
    while (!error && written < size_t{64} << 20) written += asio::write(socket, asio::buffer(piece), error);
  });
  Access access;
  access.is_tls = false;
  access.host = "127.0.0.1";
  access.port = acceptor.local_endpoint().port();
  EXPECT_THAT(GetOnce(access), HasSubstr("the reply broke off: buffer overflow"));
  server.join();
  EXPECT_LT(written, size_t{32} << 20) << "what the kernel keeps, and a little";
}

// One connection through a proxy: what it was asked, and what it says to that. Joins both sides if that is 200.
class TestProxy {
 public:
  TestProxy(asio::io_context& context, std::string reply, uint16_t server = 0)
      : acceptor_(context, {asio::ip::make_address("127.0.0.1"), 0}),
        port_(acceptor_.local_endpoint().port()),
        thread_([this, reply = std::move(reply), server] { Serve(reply, server); }) {}
  ~TestProxy() { thread_.join(); }

  Proxy proxy() const { return {.host = "127.0.0.1", .port = port_, .credentials = "ann:secret"}; }
  // REQUIRES: the connection has ended.
  const std::string& asked() const { return asked_; }

 private:
  static void Copy(asio::ip::tcp::socket& from, asio::ip::tcp::socket& to) {
    std::array<char, 4096> buffer;
    boost::system::error_code error;
    while (!error) {
      const size_t size = from.read_some(asio::buffer(buffer), error);
      if (!error) asio::write(to, asio::buffer(buffer, size), error);
    }
    to.shutdown(asio::socket_base::shutdown_both, error);
  }

  void Serve(const std::string& reply, uint16_t server) {
    asio::ip::tcp::socket client = acceptor_.accept();
    asio::read_until(client, asio::dynamic_buffer(asked_), "\r\n\r\n");
    asio::write(client, asio::buffer(reply));
    if (server == 0) return;
    asio::ip::tcp::socket upstream(client.get_executor());
    upstream.connect({asio::ip::make_address("127.0.0.1"), server});
    std::thread back([&] { Copy(upstream, client); });
    Copy(client, upstream);
    back.join();
  }

  asio::ip::tcp::acceptor acceptor_;
  const uint16_t port_;
  std::string asked_;
  std::thread thread_;
};

TEST_F(HttpClientTest, GoesThroughAProxy) {
  TestApiServer server;
  TestProxy proxy(context_, "HTTP/1.1 200 Connection established\r\n\r\n", server.port());
  Access access = server.access();
  access.proxy = proxy.proxy();
  const std::string to = absl::StrCat("127.0.0.1:", server.port());
  EXPECT_THAT(GetOnce(access), HasSubstr("items"));
  EXPECT_EQ(proxy.asked(), absl::StrCat("CONNECT ", to, " HTTP/1.1\r\nHost: ", to,
                                        "\r\nProxy-Authorization: Basic YW5uOnNlY3JldA==\r\n\r\n"));
}

TEST_F(HttpClientTest, HasAProxyPassOnWhatIsNotTls) {
  TestProxy proxy(context_, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  const Access access{.is_tls = false, .host = "api", .port = 8080, .proxy = proxy.proxy(), .path = "/a"};
  EXPECT_EQ(GetOnce(access), "{}");
  EXPECT_THAT(proxy.asked(), ::testing::StartsWith(absl::StrCat("GET http://api:8080/a", kServices, " HTTP/1.1\r\n")));
  EXPECT_THAT(proxy.asked(), HasSubstr("\r\nProxy-Authorization: Basic YW5uOnNlY3JldA==\r\n"));
}

TEST_F(HttpClientTest, SaysThatAProxyRefuses) {
  TestProxy proxy(context_, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
  const Access access{.host = "api", .proxy = proxy.proxy()};
  EXPECT_EQ(GetOnce(access), absl::StrCat("API server api:443 (by proxy 127.0.0.1:", proxy.proxy().port,
                                          "): its proxy has answered CONNECT with 407: give its URL a user and a "
                                          "password"));
}

TEST_F(HttpClientTest, SaysWhyItCannotConnect) {
  uint16_t port = 0;
  {
    TestApiServer server;
    port = server.port();
  }
  Access access;
  access.host = "127.0.0.1";
  access.port = port;
  EXPECT_EQ(GetOnce(access), absl::StrCat("API server 127.0.0.1:", port, ": cannot connect: Connection refused"));
}

TEST_F(HttpClientTest, NamesTheFileThatHoldsNoCertificate) {
  TestApiServer server;
  Access access = server.access();
  access.ca.text = "nonsense";
  EXPECT_THAT(GetOnce(access), HasSubstr("found no certificate authority in PEM"));
}

}  // namespace
}  // namespace podnamed::kube
