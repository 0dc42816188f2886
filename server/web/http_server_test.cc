#include "server/web/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <list>
#include <string>
#include <string_view>
#include <thread>

#include "absl/synchronization/notification.h"
#include "server/web/health_pages.h"

namespace podnamed::web {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kPatienceSeconds = 20;
const base::Endpoint kLoopback{.address = base::IpAddress(base::Ipv4Address{127, 0, 0, 1}), .port = 0};

// A blocking client that fails instead of waiting for ever.
class Client {
 public:
  explicit Client(const base::Endpoint& server) : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0) << strerror(errno);
  }
  ~Client() { close(descriptor_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // False: the server has closed the connection.
  bool Send(std::string_view octets) {
    return send(descriptor_, octets.data(), octets.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(octets.size());
  }
  // As many octets as that, or those until the end of the connection.
  std::string Receive(size_t size) {
    std::string octets(size, '\0');
    size_t received = 0;
    while (received < size) {
      const ssize_t more = recv(descriptor_, octets.data() + received, size - received, 0);
      if (more <= 0) break;
      received += static_cast<size_t>(more);
    }
    octets.resize(received);
    return octets;
  }
  std::string ReceiveToTheEnd() { return Receive(1 << 20); }
  // One reply of an ordinary GET: its head, and as much body as it announces.
  std::string ReceiveReply() {
    std::string reply;
    while (!reply.ends_with("\r\n\r\n")) {
      const std::string octet = Receive(1);
      if (octet.empty()) return reply;
      reply += octet;
    }
    const size_t length = reply.find("Content-Length: ");
    if (length == std::string::npos) return reply;
    return reply + Receive(std::stoul(reply.substr(length + std::strlen("Content-Length: "))));
  }
  // Whether the server has ended the connection, when it does or has done so within the client's patience.
  bool IsEnded() {
    char octet;
    const ssize_t size = recv(descriptor_, &octet, 1, 0);
    return size == 0 || (size < 0 && errno != EAGAIN);
  }

 private:
  const int descriptor_;
};

// Of this process, with the one that counts.
ptrdiff_t OpenDescriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

std::unique_ptr<HttpServer> Serve(std::vector<Page> pages, const HttpLimits& limits = {}) {
  auto server = HttpServer::Start({{kLoopback, std::move(pages)}}, limits);
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

std::string Ask(const HttpServer& server, std::string_view request) {
  Client client(server.endpoints().front());
  EXPECT_TRUE(client.Send(request));
  return client.ReceiveToTheEnd();
}

std::string Get(const base::Endpoint& endpoint, std::string_view path) {
  Client client(endpoint);
  EXPECT_TRUE(client.Send(fmt::format("GET {} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", path)));
  return client.ReceiveToTheEnd();
}

constexpr std::string_view kKeptGet = "GET /health HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(HttpServer, ServesAPageAsItIsAtTheMoment) {
  std::atomic<int> count = 0;
  const auto server = Serve({{"/count", [&] { return Reply{.body = std::to_string(++count)}; }}});
  const std::string reply = Get(server->endpoints().front(), "/count");
  EXPECT_THAT(reply, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"),
                           HasSubstr("Date: "), HasSubstr("Content-Length: 1\r\n"), EndsWith("\r\n\r\n1")));
  EXPECT_THAT(Get(server->endpoints().front(), "/count?verbose=1"), EndsWith("\r\n\r\n2"));
}

TEST(HttpServer, TellsTheKubeletWhoIsNotReady) {
  std::atomic<bool> is_ready = false;
  const auto server = Serve({HealthPage(), ReadyPage([&] { return is_ready ? "" : "kubernetes"; })});
  const base::Endpoint& endpoint = server->endpoints().front();
  EXPECT_THAT(Get(endpoint, "/health"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("\r\n\r\nOK")));
  EXPECT_THAT(Get(endpoint, "/ready"),
              AllOf(StartsWith("HTTP/1.1 503 Service Unavailable\r\n"), EndsWith("\r\n\r\nkubernetes")));
  is_ready = true;
  EXPECT_THAT(Get(endpoint, "/ready"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("\r\n\r\nOK")));
}

TEST(HttpServer, AnswersHeadWithoutABody) {
  const auto server = Serve({HealthPage()});
  EXPECT_THAT(Ask(*server, "HEAD /health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Length: 2\r\n"), EndsWith("\r\n\r\n")));
}

TEST(HttpServer, KeepsAConnectionForTheNextRequest) {
  const auto server = Serve({HealthPage()});
  Client client(server->endpoints().front());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.Send(kKeptGet));
    EXPECT_THAT(client.ReceiveReply(), EndsWith("\r\n\r\nOK"));
  }
  // Two at once, the second of which comes in two pieces.
  ASSERT_TRUE(client.Send(fmt::format("{}{}", kKeptGet, kKeptGet.substr(0, 9))));
  EXPECT_THAT(client.ReceiveReply(), EndsWith("\r\n\r\nOK"));
  ASSERT_TRUE(client.Send(kKeptGet.substr(9)));
  EXPECT_THAT(client.ReceiveReply(), EndsWith("\r\n\r\nOK"));
}

TEST(HttpServer, SpeaksHttp10) {
  const auto server = Serve({HealthPage()});
  EXPECT_THAT(Ask(*server, "GET /health HTTP/1.0\r\n\r\n"), AllOf(HasSubstr(" 200 OK\r\n"), EndsWith("\r\n\r\nOK")));
}

TEST(HttpServer, TakesATargetAsProxiesWriteIt) {
  const auto server = Serve({HealthPage()});
  EXPECT_THAT(Ask(*server, "GET http://h:8080/health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              EndsWith("\r\n\r\nOK"));
  EXPECT_THAT(Ask(*server, "GET http://h HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), HasSubstr(" 404 "));
}

TEST(HttpServer, RefusesWhatItDoesNotServe) {
  const auto server = Serve({HealthPage()});
  EXPECT_THAT(Get(server->endpoints().front(), "/"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(Get(server->endpoints().front(), "/health/"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(Ask(*server, "DELETE /health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"), HasSubstr("Allow: GET, HEAD\r\n")));
  EXPECT_THAT(Ask(*server, "POST /health HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Connection: close\r\n")))
      << "who sends a body that nobody reads is not kept";
  EXPECT_THAT(Ask(*server, "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Ask(*server, "\x16\x03\x01 not HTTP\r\n\r\n"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
}

TEST(HttpServer, RefusesAHeaderWithoutAnEnd) {
  const auto server = Serve({HealthPage()}, {.max_header_octets = 1000});
  Client client(server->endpoints().front());
  client.Send("GET /health HTTP/1.1\r\nHost: h\r\n");
  std::string field = fmt::format("X: {}\r\n", std::string(100, 'x'));
  for (int i = 0; i < 20; ++i) client.Send(field);
  EXPECT_THAT(client.ReceiveToTheEnd(), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Get(server->endpoints().front(), "/health"), EndsWith("OK"));
}

TEST(HttpServer, ListensAtSeveralAddressesEachWithItsPages) {
  const auto one = [](std::string_view path) {
    return Page{std::string(path), [path] { return Reply{.body = std::string(path)}; }};
  };
  const auto server = HttpServer::Start({{kLoopback, {one("/a"), one("/b")}}, {{.port = 0}, {one("/c")}}});
  ASSERT_TRUE(server.ok()) << server.status();
  const std::vector<base::Endpoint>& endpoints = (*server)->endpoints();
  ASSERT_EQ(endpoints.size(), 2);
  EXPECT_THAT(Get(endpoints[0], "/a"), EndsWith("/a"));
  EXPECT_THAT(Get(endpoints[0], "/b"), EndsWith("/b"));
  EXPECT_THAT(Get(endpoints[0], "/c"), HasSubstr(" 404 "));
  EXPECT_THAT(Get(endpoints[1], "/c"), EndsWith("/c")) << "every address is IPv4's too";
}

TEST(HttpServer, ShowsOtherSitesWithoutTouchingThoseThatStay) {
  const auto one = [](const char* path) { return Page{path, [path] { return Reply{.body = path}; }}; };
  const auto server = Serve({HealthPage()});
  const base::Endpoint stays = server->endpoints().front();
  Client kept(stays);
  ASSERT_TRUE(kept.Send(kKeptGet));
  EXPECT_THAT(kept.ReceiveReply(), EndsWith("\r\n\r\nOK"));

  ASSERT_TRUE(
      server->Show({{kLoopback, {{"/health", [] { return Reply{.body = "well"}; }}}}, {{.port = 0}, {one("/a")}}})
          .ok());
  EXPECT_EQ(server->endpoints().front(), stays);
  ASSERT_TRUE(kept.Send(kKeptGet));
  EXPECT_THAT(kept.ReceiveReply(), EndsWith("\r\n\r\nwell"));
  const base::Endpoint comes = server->endpoints().back();
  EXPECT_THAT(Get(comes, "/a"), EndsWith("\r\n\r\n/a"));

  EXPECT_FALSE(server->Show({{{.address = base::IpAddress(base::Ipv4Address{192, 0, 2, 1}), .port = 0}, {}}}).ok());
  EXPECT_THAT(Get(comes, "/a"), EndsWith("\r\n\r\n/a")) << "a failure changes nothing";

  ASSERT_TRUE(server->Show({{{.port = 0}, {one("/b")}}}).ok());
  EXPECT_THAT(Get(comes, "/b"), EndsWith("\r\n\r\n/b"));
  EXPECT_EQ(kept.ReceiveToTheEnd(), "") << "its address is gone";
}

TEST(HttpServer, GoesOnWithTheSocketsOfAnother) {
  auto first = Serve({HealthPage()});
  const base::Endpoint here = first->endpoints().front();
  base::PassedSockets passed;
  for (base::UniqueFd& copy : first->CopyOfSockets()) ASSERT_TRUE(passed.Add(std::move(copy)).ok());
  const auto second = HttpServer::Start({});
  ASSERT_TRUE(second.ok()) << second.status();
  const absl::Status shown = (*second)->Show({{here, {{"/health", [] { return Reply{.body = "well"}; }}}}}, &passed);
  ASSERT_TRUE(shown.ok()) << shown;
  EXPECT_TRUE(passed.Left().empty());
  first.reset();
  EXPECT_THAT(Get(here, "/health"), EndsWith("\r\n\r\nwell"));
}

TEST(HttpServer, SaysWhichAddressCannotBeHad) {
  const auto first = Serve({HealthPage()});
  const base::Endpoint taken = first->endpoints().front();
  EXPECT_EQ(HttpServer::Start({{taken, {}}}).status().message(),
            fmt::format("cannot serve HTTP at {}: another program listens there", taken.ToString()));
  const base::Endpoint foreign{.address = base::ParseIpAddress("192.0.2.1"), .port = 0};
  EXPECT_EQ(HttpServer::Start({{foreign, {}}}).status().message(),
            "cannot serve HTTP at 192.0.2.1:0: this host has no such address");
}

TEST(HttpServer, WhoSaysNothingMakesRoomForWhoDoes) {
  const auto server = Serve({HealthPage()}, {.max_connections = 4});
  const base::Endpoint& endpoint = server->endpoints().front();
  Client kept(endpoint);
  std::list<Client> silent;
  for (int i = 0; i < 20; ++i) {
    silent.emplace_back(endpoint).Send("GET /he");
    ASSERT_TRUE(kept.Send(kKeptGet));
    EXPECT_THAT(kept.ReceiveReply(), EndsWith("OK")) << "a connection that is in use is none to be closed";
    EXPECT_THAT(Get(endpoint, "/health"), EndsWith("OK"));
  }
  EXPECT_TRUE(silent.front().IsEnded());
}

TEST(HttpServer, WhoIsTooSlowIsLeft) {
  const auto server = Serve({HealthPage()}, {.request = milliseconds(50), .unused = milliseconds(50)});
  Client silent(server->endpoints().front());
  Client slow(server->endpoints().front());
  EXPECT_TRUE(slow.Send("GET /health HTTP/1.1\r\n"));
  Client kept(server->endpoints().front());
  EXPECT_TRUE(kept.Send(kKeptGet));
  EXPECT_THAT(kept.ReceiveReply(), EndsWith("OK"));
  EXPECT_TRUE(silent.IsEnded());
  EXPECT_TRUE(slow.IsEnded());
  EXPECT_TRUE(kept.IsEnded());
}

TEST(HttpServer, WhoDoesNotTakeItsReplyIsLeft) {
  constexpr size_t kLarge = 64 << 20;
  std::atomic<int> asked = 0;
  const auto server = Serve({{"/large",
                              [&] {
                                ++asked;
                                return Reply{.body = std::string(kLarge, 'x')};
                              }}},
                            {.reply = milliseconds(50)});
  const ptrdiff_t before = OpenDescriptors();
  Client client(server->endpoints().front());
  ASSERT_TRUE(client.Send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n"));
  while (asked == 0) std::this_thread::yield();
  while (OpenDescriptors() > before + 1) std::this_thread::yield();  // the client's own is left
  // Whatever the kernel took is still there to be read; then comes the end, before the reply's.
  EXPECT_LT(client.Receive(2 * kLarge).size(), kLarge);
}

TEST(HttpServer, EndsWithConnectionsInEveryState) {
  absl::Notification asked;
  absl::Notification go;
  auto server = Serve({{"/slow",
                        [&] {
                          asked.Notify();
                          go.WaitForNotification();
                          return Reply{.body = "slow"};
                        }},
                       HealthPage()});
  Client silent(server->endpoints().front());
  Client begun(server->endpoints().front());
  begun.Send("GET /health");
  Client kept(server->endpoints().front());
  kept.Send(kKeptGet);
  kept.ReceiveReply();
  Client waiting(server->endpoints().front());
  waiting.Send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  asked.WaitForNotification();
  std::thread end([&] { server.reset(); });
  go.Notify();
  end.join();
  for (Client* client : {&silent, &begun, &kept}) EXPECT_TRUE(client->IsEnded());
}

TEST(HttpServer, ManyAskAtOnce) {
  const auto server = Serve({HealthPage()});
  std::list<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) EXPECT_THAT(Get(server->endpoints().front(), "/health"), EndsWith("OK"));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace podnamed::web
