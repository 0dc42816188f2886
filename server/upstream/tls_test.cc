// Questions over TLS (RFC 7858): the same connections, and who is at their other end.
#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/testing/certificates.h"
#include "server/upstream/test_fixture.h"
#include "server/upstream/tls_context.h"

namespace podnamed::upstream {
namespace {

namespace ssl = boost::asio::ssl;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using Connection = TestNameServer::Connection;

constexpr char kNames[] = "DNS:dns.example,IP:127.0.0.1";

class TlsTest : public UpstreamTest {
 protected:
  // Nothing is served before a test says with which certificate.
  void SetUp() override {}

  void Serve(const testing::Certificate& certificate) {
    server_context_.use_certificate_chain(boost::asio::buffer(certificate.certificate));
    server_context_.use_private_key(boost::asio::buffer(certificate.key), ssl::context::pem);
    MakeServer("127.0.0.1", &server_context_);
  }
  void Trust(const TlsOptions& tls) {
    upstream_.reset();
    auto context = TlsContext::Make(tls);
    ASSERT_TRUE(context.ok()) << context.status();
    options_.tls = *std::move(context);
  }
  Reply AskTls() { return AskUdp(); }  // whatever the client came by

  const testing::Certificate ca_ = testing::MakeCa("ca");
  const std::string ca_file_ = testing::Write(ca_).certificate_file;
  ssl::context server_context_{ssl::context::tls_server};
};

TEST_F(TlsTest, AsksWhomItKnowsByName) {
  Serve(testing::MakeCertificate(ca_, "server", kNames));
  Trust({.server_name = "dns.example", .ca_file = ca_file_});
  for (int i = 0; i < 5; ++i) {
    const Reply reply = AskTls();
    EXPECT_TRUE(Answers(reply));
    EXPECT_EQ(reply.transport, Transport::kTls);
  }
  EXPECT_EQ(server_->accepted, 1);
  EXPECT_TRUE(server_->udp_queries.empty());
  EXPECT_EQ(misses(Transport::kTls), 1u);
  EXPECT_EQ(hits(Transport::kTls), 4u);
}

TEST_F(TlsTest, AsksWhomItKnowsByAddress) {
  Serve(testing::MakeCertificate(ca_, "server", kNames));
  Trust({.ca_file = ca_file_});
  EXPECT_TRUE(Answers(AskTls()));
}

TEST_F(TlsTest, SendsManyQuestionsAhead) {
  Serve(testing::MakeCertificate(ca_, "server", kNames));
  Trust({.ca_file = ca_file_});
  constexpr size_t kQuestions = 15;
  std::vector<Octets> queries;
  server_->on_stream = [&](Connection& connection, const Octets& query) {
    queries.push_back(query);
    if (queries.size() < kQuestions) return;
    for (size_t i = kQuestions; i > 0; --i) connection.Send(Answer(queries[i - 1]));
  };
  std::vector<std::shared_ptr<Asked>> asked;
  for (size_t i = 0; i < kQuestions; ++i) {
    asked.push_back(Start(QuestionFor(std::to_string(i) + ".example"), Transport::kTcp));
  }
  for (size_t i = 0; i < kQuestions; ++i) EXPECT_TRUE(Answers(Finish(asked[i]), std::to_string(i) + ".example"));
  EXPECT_EQ(server_->accepted, 1);
}

TEST_F(TlsTest, AsksAnewWhenAConnectionInUseIsClosed) {
  Serve(testing::MakeCertificate(ca_, "server", kNames));
  Trust({.ca_file = ca_file_});
  EXPECT_TRUE(Answers(AskTls()));
  server_->CloseConnections();
  EXPECT_TRUE(Answers(AskTls()));
  EXPECT_EQ(server_->accepted, 2);
}

TEST_F(TlsTest, TrustsNobodyElse) {
  Serve(testing::MakeCertificate(testing::MakeCa("other"), "server", kNames));
  Trust({.ca_file = ca_file_});
  const Reply reply = AskTls();
  EXPECT_EQ(reply.outcome, Outcome::kTlsFailed);
  EXPECT_THAT(reply.why, HasSubstr("its certificate is not trusted by " + ca_file_));
  EXPECT_TRUE(server_->stream_queries.empty());
  Trust({});  // nor do the system's authorities
  EXPECT_EQ(AskTls().outcome, Outcome::kTlsFailed);
}

TEST_F(TlsTest, TakesNoOtherNameOrAddress) {
  Serve(testing::MakeCertificate(ca_, "server", "DNS:dns.example,IP:127.0.0.9"));
  for (const char* name : {"other.example", "127.0.0.2", ""}) {
    Trust({.server_name = name, .ca_file = ca_file_});
    const Reply reply = AskTls();
    EXPECT_EQ(reply.outcome, Outcome::kTlsFailed) << name;
    EXPECT_THAT(reply.why, HasSubstr("its certificate is not for")) << name;
  }
}

TEST_F(TlsTest, TakesNoCertificateThatHasExpired) {
  Serve(testing::MakeCertificate(ca_, "server", kNames, /*age_days=*/3));
  Trust({.ca_file = ca_file_});
  EXPECT_THAT(AskTls().why, HasSubstr("has expired"));
}

TEST_F(TlsTest, ShowsItsOwnCertificate) {
  server_context_.load_verify_file(ca_file_);
  server_context_.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  Serve(testing::MakeCertificate(ca_, "server", kNames));
  Trust({.ca_file = ca_file_});
  EXPECT_FALSE(AskTls().ok());
  const testing::CertificateFiles ours = testing::Write(testing::MakeCertificate(ca_, "client", "DNS:client.example"));
  Trust({.ca_file = ca_file_, .certificate_file = ours.certificate_file, .key_file = ours.key_file});
  EXPECT_TRUE(Answers(AskTls()));
}

TEST_F(TlsTest, SpeaksNoTlsBefore12) {
  SSL_CTX_set_min_proto_version(server_context_.native_handle(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(server_context_.native_handle(), TLS1_1_VERSION);
  Serve(testing::MakeCertificate(ca_, "server", kNames));
  Trust({.ca_file = ca_file_});
  EXPECT_EQ(AskTls().outcome, Outcome::kTlsFailed);
}

TEST_F(TlsTest, WaitsNoLongerForAHandshakeThanItsTimeout) {
  MakeServer();  // takes what begins a handshake for the length of a query
  options_.connect_timeout = milliseconds(30);
  Trust({.ca_file = ca_file_});
  EXPECT_EQ(AskTls().outcome, Outcome::kTimeout);
  EXPECT_EQ(upstream().connections(), 0u);
}

TEST_F(TlsTest, DestroyingItEndsWhatIsUnderWay) {
  Serve(testing::MakeCertificate(ca_, "server", kNames));
  Trust({.ca_file = ca_file_});
  int held = 0;
  server_->on_stream = [&](Connection&, const Octets&) { ++held; };
  const auto first = Start(QuestionFor(kName), Transport::kTcp);
  const auto second = Start(QuestionFor(kName), Transport::kTcp);
  RunUntil([&] { return held == 2; });
  upstream_.reset();
  EXPECT_EQ(Finish(first).outcome, Outcome::kStopped);
  EXPECT_EQ(Finish(second).outcome, Outcome::kStopped);
}

TEST_F(TlsTest, DestroyingItEndsAHandshake) {
  MakeServer();
  Trust({.ca_file = ca_file_});
  const auto asked = Start(QuestionFor(kName), Transport::kTcp);
  RunUntil([&] { return server_->accepted == 1; });
  upstream_.reset();
  EXPECT_EQ(Finish(asked).outcome, Outcome::kStopped);
}

TEST_F(TlsTest, AFileWithoutWhatItShouldHaveIsNamed) {
  const std::string empty = ::testing::TempDir() + "upstream_test_empty.pem";
  std::ofstream(empty).close();
  const testing::CertificateFiles ours = testing::Write(testing::MakeCertificate(ca_, "client", ""));
  const testing::CertificateFiles other = testing::Write(testing::MakeCertificate(ca_, "other", ""));
  const auto error_of = [](const TlsOptions& tls) { return std::string(TlsContext::Make(tls).status().message()); };
  EXPECT_THAT(error_of({.ca_file = empty}), HasSubstr(empty + ": found no certificate authority in PEM"));
  EXPECT_THAT(error_of({.ca_file = "/none"}), HasSubstr("/none: found no certificate authority in PEM"));
  EXPECT_THAT(error_of({.certificate_file = empty, .key_file = ours.key_file}), HasSubstr(empty + ": found no cert"));
  EXPECT_THAT(error_of({.certificate_file = ours.certificate_file, .key_file = other.key_file}),
              HasSubstr(other.key_file + ": found no key that fits the certificate"));
}

}  // namespace
}  // namespace podnamed::upstream
