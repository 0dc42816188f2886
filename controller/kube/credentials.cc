#include "controller/kube/credentials.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <string_view>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/time/clock.h"
#include "controller/kube/run_command.h"
#include "controller/kube/text.h"
#include "server/base/status.h"

namespace podnamed::kube {
namespace {

constexpr size_t kMaxFile = size_t{1} << 20;
constexpr absl::Duration kBeforeExpiry = absl::Seconds(10);

absl::StatusOr<std::string> Read(const Secret& secret) {
  if (secret.path.empty()) return secret.text;
  const auto fail = [&](std::string_view why) {
    return absl::UnavailableError(fmt::format("{}: cannot be read: {}", secret.path, why));
  };
  errno = 0;
  std::ifstream file(secret.path, std::ios::binary);
  if (!file) return fail(std::generic_category().message(errno));
  std::string text(kMaxFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return fail("it is no file");
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMaxFile) return fail(fmt::format("found more than {} octets", kMaxFile));
  if (Stripped(text).empty()) return fail("it is empty");
  return text;
}

// A token goes into a header: one line of visible characters.
absl::StatusOr<std::string> ReadToken(const Secret& secret) {
  ASSIGN_OR_RETURN(const std::string text, Read(secret));
  const std::string_view token = Stripped(text);
  for (const char c : token) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c))) {
      return absl::InvalidArgumentError(
          fmt::format("{}: expected a token on one line", secret.path.empty() ? "the token" : secret.path));
    }
  }
  return std::string(token);
}

absl::StatusOr<Credentials> ReadFiles(const Access& access) {
  Credentials credentials;
  ASSIGN_OR_RETURN(credentials.ca, Read(access.ca));
  ASSIGN_OR_RETURN(credentials.certificate, Read(access.certificate));
  ASSIGN_OR_RETURN(credentials.key, Read(access.key));
  ASSIGN_OR_RETURN(credentials.token, ReadToken(access.token));
  return credentials;
}

}  // namespace

boost::asio::awaitable<absl::StatusOr<Credentials>> CredentialsReader::Read() {
  absl::StatusOr<Credentials> credentials = ReadFiles(access_);
  if (!credentials.ok() || !access_.exec) co_return credentials;
  if (!exec_ || exec_->expiry - kBeforeExpiry < absl::Now()) {
    const ExecPlugin& plugin = *access_.exec;
    Command command{.program = plugin.command, .arguments = plugin.arguments, .environment = plugin.environment};
    command.environment.emplace_back("KUBERNETES_EXEC_INFO", ExecInfo(access_, credentials->ca));
    const absl::StatusOr<std::string> output = co_await RunCommand(std::move(command));
    if (!output.ok()) {
      const std::string hint = plugin.install_hint.empty() ? "" : fmt::format(" ({})", plugin.install_hint);
      co_return absl::UnavailableError(
          fmt::format("credential plugin: {}{}", std::string(output.status().message()), hint));
    }
    absl::StatusOr<ExecCredential> credential = ParseExecCredential(*output, plugin);
    if (!credential.ok()) {
      co_return absl::UnavailableError(
          fmt::format("credential plugin: {}", std::string(credential.status().message())));
    }
    exec_ = *std::move(credential);
  }
  if (!exec_->token.empty()) credentials->token = exec_->token;
  if (!exec_->key.empty()) {
    credentials->certificate = exec_->certificate;
    credentials->key = exec_->key;
  }
  co_return credentials;
}

}  // namespace podnamed::kube
