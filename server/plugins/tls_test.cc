#include "server/plugins/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "server/testing/captured_log.h"
#include "server/testing/certificates.h"

namespace podnamed::plugins {
namespace {

using testing::Certificate;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class TlsTest : public ::testing::Test {
 protected:
  // As a kubelet does it: another file in its place.
  static void Replace(const std::string& path, const std::string& content) {
    std::ofstream(path + ".new") << content;
    std::filesystem::rename(path + ".new", path);
  }
  static void AwaitAnother(const TlsSource& source, const std::shared_ptr<const net::TlsContext>& than) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (source.Current() == than && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    EXPECT_NE(source.Current(), than);
  }

  const Certificate ca_ = testing::MakeCa("ca");
  const testing::CertificateFiles ca_files_ = testing::Write(ca_);
  const testing::CertificateFiles own_ = testing::Write(testing::MakeCertificate(ca_, "server", "DNS:dns.example"));
  config::TlsOptions options_ = {"Corefile:2:3", own_.certificate_file, own_.key_file, ""};
};

TEST_F(TlsTest, WithoutItsFilesItIsAnErrorWithItsPlace) {
  const auto error = [this] { return std::string(TlsSource::Make(options_, absl::ZeroDuration()).status().message()); };
  EXPECT_EQ(error(), "");
  options_.client_auth = config::ClientAuth::kRequireAndVerify;
  options_.ca = ca_files_.certificate_file;
  EXPECT_EQ(error(), "");
  options_.ca = own_.key_file;
  EXPECT_THAT(error(), StartsWith("Corefile:2:3: tls: " + own_.key_file + ": found no certificate authority in PEM: "));
  options_.key = "/none.key";
  EXPECT_THAT(error(), StartsWith("Corefile:2:3: tls: /none.key cannot be read: "));
  options_.key = ca_files_.key_file;
  EXPECT_THAT(error(), HasSubstr(ca_files_.key_file + ": found no key that fits the certificate in PEM: "));
}

TEST_F(TlsTest, TheKeysOfTicketsAreRenewedThoughTheFilesStay) {
  auto source = TlsSource::Make(options_, absl::Milliseconds(1), absl::Milliseconds(1));
  ASSERT_TRUE(source.ok()) << source.status();
  for (int i = 0; i < 5; ++i) AwaitAnother(**source, (*source)->Current());
}

TEST_F(TlsTest, ARenewedCertificateIsTakenAndABrokenOneIsNot) {
  auto source = TlsSource::Make(options_, absl::Milliseconds(1));
  ASSERT_TRUE(source.ok()) << source.status();
  std::shared_ptr<const net::TlsContext> seen = (*source)->Current();
  for (int i = 0; i < 5; ++i) {
    const testing::CapturedLog log;
    std::ofstream(own_.certificate_file) << "broken " << std::string(static_cast<size_t>(i), '.');
    EXPECT_TRUE(log.WaitFor("; the certificate before it stays"));
    EXPECT_EQ((*source)->Current(), seen);
    const Certificate next = testing::MakeCertificate(ca_, "server", "DNS:dns.example");
    Replace(own_.certificate_file, next.certificate);
    Replace(own_.key_file, next.key);
    AwaitAnother(**source, seen);
    seen = (*source)->Current();
  }
}

}  // namespace
}  // namespace podnamed::plugins
