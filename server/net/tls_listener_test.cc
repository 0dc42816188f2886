// The same listener and connections as in tcp_listener_test, over TLS, with OpenSSL's own client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <csignal>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "server/net/listen_socket.h"
#include "server/net/tcp_listener.h"
#include "server/net/test_worker.h"
#include "server/net/tls_context.h"
#include "server/testing/certificates.h"

namespace podnamed::net {
namespace {

using std::chrono::milliseconds;
using testing::Certificate;
using ::testing::HasSubstr;
using testing::MakeCa;
using testing::MakeCertificate;

constexpr char kNames[] = "DNS:dns.example,IP:127.0.0.1";

std::string Framed(std::string_view message) {
  const std::string prefix{static_cast<char>(message.size() >> 8), static_cast<char>(message.size())};
  return prefix + std::string(message);
}

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using ClientContext = std::unique_ptr<SSL_CTX, FreeSsl>;
using Session = std::unique_ptr<SSL_SESSION, FreeSsl>;

// What it trusts, and who it is if it is anybody.
ClientContext MakeClientContext(const Certificate& ca, const Certificate* own = nullptr) {
  ClientContext context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  EXPECT_EQ(SSL_CTX_load_verify_file(context.get(), Write(ca).certificate_file.c_str()), 1);
  if (own != nullptr) {
    const testing::CertificateFiles files = Write(*own);
    EXPECT_EQ(SSL_CTX_use_certificate_file(context.get(), files.certificate_file.c_str(), SSL_FILETYPE_PEM), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context.get(), files.key_file.c_str(), SSL_FILETYPE_PEM), 1);
  }
  return context;
}

class TlsClient {
 public:
  TlsClient(uint16_t port, const ClientContext& context, std::optional<int> receive_octets = std::nullopt)
      : socket_(SOCK_STREAM, "127.0.0.1", port, receive_octets), ssl_(SSL_new(context.get())) {
    SSL_set_fd(ssl_.get(), socket_.fd());
    SSL_set1_host(ssl_.get(), "dns.example");
  }

  SSL* ssl() { return ssl_.get(); }
  TestClient& socket() { return socket_; }

  bool Connect() { return SSL_connect(ssl_.get()) == 1; }
  void Send(std::string_view octets) {
    if (octets.empty()) return;
    ASSERT_EQ(SSL_write(ssl_.get(), octets.data(), static_cast<int>(octets.size())), static_cast<int>(octets.size()));
  }
  // The next reply; std::nullopt if the connection ended instead, in whatever way.
  std::optional<std::string> ReceiveMessage() {
    const std::optional<std::string> prefix = ReceiveExactly(2);
    if (!prefix) return std::nullopt;
    return ReceiveExactly(
        static_cast<size_t>(static_cast<uint8_t>((*prefix)[0]) << 8 | static_cast<uint8_t>((*prefix)[1])));
  }
  std::optional<std::string> Ask(std::string_view message) {
    Send(Framed(message));
    return ReceiveMessage();
  }
  // The server has said that nothing more comes.
  bool ReachesEnd() {
    char octet;
    return SSL_get_error(ssl_.get(), SSL_read(ssl_.get(), &octet, 1)) == SSL_ERROR_ZERO_RETURN;
  }

 private:
  std::optional<std::string> ReceiveExactly(size_t octets) {
    std::string text(octets, '\0');
    for (size_t at = 0; at < octets;) {
      const int count = SSL_read(ssl_.get(), text.data() + at, static_cast<int>(octets - at));
      if (count <= 0) return std::nullopt;
      at += static_cast<size_t>(count);
    }
    return text;
  }

  TestClient socket_;
  const std::unique_ptr<SSL, FreeSsl> ssl_;
};

TlsOptions OptionsFor(const Certificate& certificate) {
  return {.certificate = {"server.pem", certificate.certificate},
          .key = {"server.key", certificate.key},
          .authorities = {}};
}

std::shared_ptr<const TlsContext> ContextFor(const TlsOptions& options) {
  auto context = TlsContext::Make(options);
  EXPECT_TRUE(context.ok()) << context.status();
  return *context;
}

class TlsListenerTest : public ::testing::Test {
 protected:
  void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }
  void TearDown() override { worker_.Kill(); }

  void Listen(TcpOptions options = {}) {
    options.tls = [this] { return context_; };
    auto acceptor = OpenTcpAcceptor(worker_.io.get_executor(),
                                    Endpoint{.address = base::ParseIpAddress("127.0.0.1"), .port = 0}, PortUse::kClaim);
    ASSERT_TRUE(acceptor.ok()) << acceptor.status();
    port_ = acceptor->local_endpoint().port();
    listener_.emplace(*std::move(acceptor), handler_, options, worker_.tasks);
    listener_->Start();
    worker_.Start();
  }
  void PostStop() {
    worker_.Post([this] {
      listener_->Stop();
      worker_.tasks.EndWithin(kPatience);
    });
  }

  const Certificate ca_ = MakeCa("ca");
  const Certificate certificate_ = MakeCertificate(ca_, "server", kNames);
  std::shared_ptr<const TlsContext> context_ = ContextFor(OptionsFor(certificate_));
  const ClientContext client_context_ = MakeClientContext(ca_);
  TestWorker worker_;
  TestHandler handler_;
  uint16_t port_ = 0;
  std::optional<TcpListener> listener_;
};

// Long enough that no deadline but the one of a test passes.
TcpOptions WithoutDeadlines() {
  TcpOptions options;
  options.deadlines = {.first_query = std::chrono::hours(1),
                       .idle = std::chrono::hours(1),
                       .message = std::chrono::hours(1),
                       .write = std::chrono::hours(1)};
  return options;
}

TEST_F(TlsListenerTest, AnswersQueriesSentAheadAndCutAnywhere) {
  Listen();
  std::string stream;
  for (int i = 0; i < 1000; ++i) stream += Framed(absl::StrCat("query ", i));
  std::minstd_rand random;
  for (const size_t longest : {1u, 7u, 5000u, 1u << 20}) {
    TlsClient client(port_, client_context_);
    ASSERT_TRUE(client.Connect());
    for (size_t sent = 0; sent < stream.size();) {
      const size_t piece = std::min<size_t>(1 + random() % longest, stream.size() - sent);
      ASSERT_NO_FATAL_FAILURE(client.Send(std::string_view(stream).substr(sent, piece)));
      sent += piece;
    }
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(client.ReceiveMessage(), absl::StrCat("query ", i)) << longest;
  }
}

TEST_F(TlsListenerTest, CarriesMessagesOfAnyLengthBothWays) {
  Listen();
  TlsClient client(port_, client_context_);
  ASSERT_TRUE(client.Connect());
  for (const size_t size : {1u, 4094u, 16'383u, 16'384u, 16'385u, 65'535u, 5u}) {
    EXPECT_EQ(client.Ask(std::string(size, 'x')), std::string(size, 'x')) << size;
  }
}

TEST_F(TlsListenerTest, ResumesWhenASlowClientReads) {
  Listen(WithoutDeadlines());
  TlsClient slow(port_, client_context_, /*receive_octets=*/4096);
  ASSERT_TRUE(slow.Connect());
  for (int i = 0; i < 50; ++i) slow.Send(Framed("Long"));
  for (int i = 0; i < 50; ++i) slow.Send(Framed("Pending"));
  slow.Send(Framed("at once"));
  TlsClient other(port_, client_context_);
  ASSERT_TRUE(other.Connect());
  EXPECT_EQ(other.Ask("another"), "another");
  for (int i = 0; i < 50; ++i) ASSERT_EQ(slow.ReceiveMessage(), std::string(TcpConnection::kMaxMessageOctets, 'L'));
  EXPECT_EQ(slow.ReceiveMessage(), "at once");
  worker_.Post([this] { handler_.ReplyToPending(60'000); });
  for (int i = 0; i < 50; ++i) ASSERT_EQ(slow.ReceiveMessage(), "Pending" + std::string(60'000, '.'));
  EXPECT_EQ(slow.Ask("again"), "again");
}

TEST_F(TlsListenerTest, SendsAReplyInManyMessages) {
  Listen();
  TlsClient client(port_, client_context_, /*receive_octets=*/4096);
  ASSERT_TRUE(client.Connect());
  client.Send(Framed("Many") + Framed("next"));
  for (int i = 0; i < TestHandler::kParts; ++i) {
    const std::optional<std::string> part = client.ReceiveMessage();
    ASSERT_TRUE(part.has_value());
    ASSERT_EQ(part->size(), 60'000u);
    ASSERT_THAT(*part, ::testing::StartsWith(absl::StrCat("Many ", i, ".")));
  }
  EXPECT_EQ(client.ReceiveMessage(), "next");
}

TEST_F(TlsListenerTest, AnswersAClientThatClosedItsHalf) {
  Listen();
  for (const bool says_goodbye : {true, false}) {
    TlsClient client(port_, client_context_);
    ASSERT_TRUE(client.Connect());
    for (int i = 0; i < 100; ++i) client.Send(Framed(absl::StrCat("query ", i)));
    if (says_goodbye) SSL_shutdown(client.ssl());
    shutdown(client.socket().fd(), SHUT_WR);
    for (int i = 0; i < 100; ++i) ASSERT_EQ(client.ReceiveMessage(), absl::StrCat("query ", i));
    EXPECT_TRUE(client.ReachesEnd());
  }
}

TEST_F(TlsListenerTest, SaysGoodbyeToAClientThatAsksNoMore) {
  TcpOptions options = WithoutDeadlines();
  options.deadlines.idle = milliseconds(50);
  Listen(options);
  TlsClient client(port_, client_context_);
  ASSERT_TRUE(client.Connect());
  EXPECT_EQ(client.Ask("once"), "once");
  EXPECT_TRUE(client.ReachesEnd());
}

TEST_F(TlsListenerTest, EndsAHandshakeThatIsGarbage) {
  Listen(WithoutDeadlines());
  for (const std::string& garbage : {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(5000, '\xff'),
                                     std::string("\x16\x03\x01\x00\x05hello", 10), Framed("a query in the clear")}) {
    TestClient client(SOCK_STREAM, "127.0.0.1", port_);
    client.Send(garbage);
    std::optional<std::string> received = client.Receive();
    while (received && !received->empty()) received = client.Receive();  // an alert, at most
  }
  EXPECT_EQ(handler_.handled(), 0);
  TlsClient next(port_, client_context_);
  ASSERT_TRUE(next.Connect());
  EXPECT_EQ(next.Ask("next"), "next");
}

TEST_F(TlsListenerTest, EndsAHandshakeThatStalls) {
  TcpOptions options = WithoutDeadlines();
  options.deadlines.first_query = milliseconds(50);
  Listen(options);
  TestClient silent(SOCK_STREAM, "127.0.0.1", port_);
  TestClient begun(SOCK_STREAM, "127.0.0.1", port_);
  begun.Send(std::string_view("\x16\x03\x01\x02\x00\x01\x00", 7));
  EXPECT_EQ(silent.Receive(), "");
  EXPECT_EQ(begun.Receive(), "");
}

TEST_F(TlsListenerTest, StalledHandshakesMakeRoomForANewcomer) {
  TcpOptions options = WithoutDeadlines();
  options.max_connections = 2;
  Listen(options);
  TestClient silent(SOCK_STREAM, "127.0.0.1", port_);
  TestClient begun(SOCK_STREAM, "127.0.0.1", port_);
  begun.Send(std::string_view("\x16\x03\x01\x02\x00\x01\x00", 7));
  TlsClient client(port_, client_context_);
  ASSERT_TRUE(client.Connect());
  EXPECT_EQ(client.Ask("served"), "served");
  EXPECT_EQ(silent.Receive(), "");
}

TEST_F(TlsListenerTest, KeyUpdatesAreNoQueriesAndHoldUpNobody) {
  Listen();
  TlsClient client(port_, client_context_);
  ASSERT_TRUE(client.Connect());
  EXPECT_EQ(client.Ask("before"), "before");
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(SSL_key_update(client.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(client.ssl()), 1);
  }
  ASSERT_EQ(SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
  EXPECT_EQ(client.Ask("after"), "after");
  EXPECT_EQ(handler_.handled(), 2);
}

TEST_F(TlsListenerTest, SpeaksTls12AndNothingBefore) {
  Listen();
  SSL_CTX_set_max_proto_version(client_context_.get(), TLS1_2_VERSION);
  TlsClient client(port_, client_context_);
  ASSERT_TRUE(client.Connect());
  EXPECT_EQ(client.Ask("old"), "old");
  const ClientContext older = MakeClientContext(ca_);
  SSL_CTX_set_min_proto_version(older.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(older.get(), TLS1_1_VERSION);
  EXPECT_FALSE(TlsClient(port_, older).Connect());
}

TEST_F(TlsListenerTest, IsCalledDot) {
  Listen();
  const auto connects = [this](std::string_view protocols) {
    TlsClient client(port_, client_context_);
    SSL_set_alpn_protos(client.ssl(), reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned>(protocols.size()));
    if (!client.Connect()) return std::string("refused");
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(client.ssl(), &name, &size);
    return std::string(reinterpret_cast<const char*>(name), size);
  };
  EXPECT_EQ(connects("\2h2\3dot"), "dot");
  EXPECT_EQ(connects("\2h2"), "refused");
  EXPECT_EQ(connects(""), "");
}

TEST_F(TlsListenerTest, ResumesASession) {
  Listen();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    SSL_CTX_set_max_proto_version(client_context_.get(), version);
    TlsClient first(port_, client_context_);
    ASSERT_TRUE(first.Connect());
    EXPECT_EQ(first.Ask("first"), "first");
    const Session session(SSL_get1_session(first.ssl()));
    TlsClient second(port_, client_context_);
    SSL_set_session(second.ssl(), session.get());
    ASSERT_TRUE(second.Connect());
    EXPECT_EQ(SSL_session_reused(second.ssl()), 1) << version;
    EXPECT_EQ(second.Ask("second"), "second");
  }
}

TEST_F(TlsListenerTest, ANewCertificateIsThatOfNewConnections) {
  Listen();
  TlsClient before(port_, client_context_);
  ASSERT_TRUE(before.Connect());
  EXPECT_EQ(before.Ask("before"), "before");
  const Certificate other_ca = MakeCa("other");
  worker_.Post([this, next = ContextFor(OptionsFor(MakeCertificate(other_ca, "server", kNames)))] { context_ = next; });
  const ClientContext trusts_other = MakeClientContext(other_ca);
  TlsClient after(port_, trusts_other);
  ASSERT_TRUE(after.Connect());
  EXPECT_EQ(after.Ask("after"), "after");
  EXPECT_FALSE(TlsClient(port_, client_context_).Connect());
  EXPECT_EQ(before.Ask("still"), "still");
}

TEST_F(TlsListenerTest, WantsTheCertificatesOfClientsThatItIsToldToWant) {
  const Certificate theirs = MakeCertificate(ca_, "client", "");
  const Certificate strange = MakeCertificate(MakeCa("strange"), "client", "");
  const ClientContext known = MakeClientContext(ca_, &theirs);
  const ClientContext stranger = MakeClientContext(ca_, &strange);
  struct Case {
    bool asks, requires_one, verifies;
    bool serves_nobody, serves_stranger;
  };
  constexpr Case kCases[] = {
      {false, false, false, true, true}, {true, false, false, true, true}, {true, true, false, false, true},
      {true, false, true, true, false},  {true, true, true, false, false},
  };
  Listen();
  for (const Case& c : kCases) {
    TlsOptions options = OptionsFor(certificate_);
    options.authorities = PemFile{"ca.pem", ca_.certificate};
    options.asks = c.asks;
    options.requires_one = c.requires_one;
    options.verifies = c.verifies;
    worker_.Post([this, next = ContextFor(options)] { context_ = next; });
    const auto is_served = [this](const ClientContext& context) {
      TlsClient client(port_, context);
      if (!client.Connect()) return false;
      const std::string query = Framed("served");  // of a client that is refused even this may fail
      return SSL_write(client.ssl(), query.data(), static_cast<int>(query.size())) > 0 &&
             client.ReceiveMessage() == "served";
    };
    EXPECT_EQ(is_served(client_context_), c.serves_nobody) << c.asks << c.requires_one << c.verifies;
    EXPECT_EQ(is_served(stranger), c.serves_stranger) << c.asks << c.requires_one << c.verifies;
    EXPECT_TRUE(is_served(known)) << c.asks << c.requires_one << c.verifies;
  }
}

TEST_F(TlsListenerTest, AnswersWhatHasArrivedBeforeItStops) {
  Listen(WithoutDeadlines());
  TlsClient client(port_, client_context_);
  ASSERT_TRUE(client.Connect());
  EXPECT_EQ(client.Ask("hello"), "hello");
  TlsClient waiting(port_, client_context_);
  ASSERT_TRUE(waiting.Connect());
  waiting.Send(Framed("Pending") + Framed("at once"));
  EXPECT_EQ(waiting.ReceiveMessage(), "at once");
  TestClient stalled(SOCK_STREAM, "127.0.0.1", port_);
  TlsClient holder(port_, client_context_);
  ASSERT_TRUE(holder.Connect());
  holder.Send(Framed("Hold"));
  handler_.WaitUntilHeld();
  for (int i = 0; i < 100; ++i) client.Send(Framed(absl::StrCat("query ", i)));
  PostStop();
  handler_.Release();
  EXPECT_EQ(holder.ReceiveMessage(), "Hold");
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.ReceiveMessage(), absl::StrCat("query ", i));
  EXPECT_TRUE(client.ReachesEnd());
  worker_.Post([this] { handler_.ReplyToPending(); });
  EXPECT_EQ(waiting.ReceiveMessage(), "Pending");
  EXPECT_TRUE(waiting.ReachesEnd());
  EXPECT_EQ(stalled.Receive(), "");
  worker_.Join();
}

TEST(TlsContext, NamesTheFileThatLacksSomething) {
  const Certificate ca = MakeCa("ca");
  const Certificate certificate = MakeCertificate(ca, "server", kNames);
  const auto error_of = [&](const std::string& which, const std::string& text) {
    TlsOptions options = OptionsFor(certificate);
    options.asks = options.verifies = true;
    options.authorities = PemFile{"ca.pem", ca.certificate};
    if (which == "certificate") options.certificate = {"certificate.pem", text};
    if (which == "key") options.key = {"key.pem", text};
    if (which == "ca") options.authorities = PemFile{"ca.pem", text};
    return std::string(TlsContext::Make(options).status().message());
  };
  EXPECT_THAT(error_of("certificate", ""), HasSubstr("certificate.pem: found no certificate in PEM: "));
  EXPECT_THAT(error_of("certificate", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"),
              HasSubstr("certificate.pem: found no certificate in PEM: "));
  EXPECT_THAT(error_of("key", certificate.certificate), HasSubstr("key.pem: found no key that fits the certificate"));
  EXPECT_THAT(error_of("key", ca.key), HasSubstr("key.pem: found no key that fits the certificate in PEM: key values"));
  EXPECT_THAT(error_of("ca", "nothing"), HasSubstr("ca.pem: found no certificate authority in PEM: "));
}

}  // namespace
}  // namespace podnamed::net
