#include "controller/kube/exec_credential.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace podnamed::kube {
namespace {

using ::testing::HasSubstr;

const ExecPlugin kPlugin{.api_version = "client.authentication.k8s.io/v1", .command = "login"};

std::string Answer(const std::string& status) {
  return R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":)" + status + "}";
}

TEST(ExecCredential, HasATokenAndItsEnd) {
  const auto credential =
      ParseExecCredential(Answer(R"({"token":"t","expirationTimestamp":"2030-01-02T03:04:05Z"})"), kPlugin);
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->token, "t");
  EXPECT_EQ(absl::FormatTime(credential->expiry, absl::UTCTimeZone()), "2030-01-02T03:04:05+00:00");
}

TEST(ExecCredential, HasACertificate) {
  const auto credential = ParseExecCredential(Answer(R"({"clientCertificateData":"c","clientKeyData":"k"})"), kPlugin);
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->certificate, "c");
  EXPECT_EQ(credential->key, "k");
  EXPECT_EQ(credential->expiry, absl::InfiniteFuture());
}

TEST(ExecCredential, ErrorsSayWhatIsWrongWithoutTheSecret) {
  for (const auto& [text, error] : {
           std::pair(std::string("secret"), "login has answered with something that is no JSON object"),
           std::pair(std::string("{}"), "no ExecCredential"),
           std::pair(std::string(R"({"kind":"ExecCredential","apiVersion":"v2"})"),
                     "apiVersion v2, expected client.authentication.k8s.io/v1"),
           std::pair(Answer("null"), "without a status"),
           std::pair(Answer("{}"), "neither a token nor a certificate"),
           std::pair(Answer(R"({"clientKeyData":"secret"})"), "expected both"),
           std::pair(Answer(R"({"token":"secret","expirationTimestamp":"soon"})"), "no time"),
       }) {
    const std::string message(ParseExecCredential(text, kPlugin).status().message());
    EXPECT_THAT(message, HasSubstr(error));
    EXPECT_THAT(message, ::testing::Not(HasSubstr("secret")));
  }
}

TEST(ExecInfo, TellsTheClusterOnlyToWhomWantsIt) {
  Access access{.host = "10.0.0.1", .exec = kPlugin};
  EXPECT_EQ(ExecInfo(access, "CA"),
            R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}})");
  access.exec->wants_cluster = true;
  EXPECT_THAT(ExecInfo(access, "CA"),
              HasSubstr(R"({"server":"https://10.0.0.1:443","certificate-authority-data":"Q0E="})"));
}

}  // namespace
}  // namespace podnamed::kube
