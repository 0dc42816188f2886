#include "controller/kube/credentials.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <csignal>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "controller/kube/run_command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace podnamed::kube {
namespace {

using ::testing::HasSubstr;

template <typename T>
T Await(boost::asio::awaitable<T> task) {
  boost::asio::io_context context;
  auto result = boost::asio::co_spawn(context, std::move(task), boost::asio::use_future);
  context.run();
  return result.get();
}

std::string TempPath(const std::string& name) { return absl::StrCat(::testing::TempDir(), "kube_", getpid(), name); }

void Write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

TEST(CredentialsReader, ReadsItsFilesAnewEachTime) {
  const std::string path = TempPath("token");
  Write(path, "first\n");
  Access access;
  access.token.path = path;
  access.ca.text = "CA";
  CredentialsReader reader(access);
  EXPECT_EQ(Await(reader.Read())->token, "first");
  Write(path, "second\n");
  EXPECT_EQ(Await(reader.Read())->token, "second");
  EXPECT_EQ(Await(reader.Read())->ca, "CA");
}

TEST(CredentialsReader, NamesTheFileThatIsToBlame) {
  const std::string path = TempPath("bad_token");
  Access access;
  access.token.path = path;
  CredentialsReader reader(access);
  EXPECT_THAT(Await(reader.Read()).status().message(), HasSubstr(path + ": cannot be read: No such file"));
  Write(path, " \n");
  EXPECT_THAT(Await(reader.Read()).status().message(), HasSubstr(path + ": cannot be read: it is empty"));
  Write(path, "two\r\nlines");
  EXPECT_THAT(Await(reader.Read()).status().message(), HasSubstr(path + ": expected a token on one line"));
}

Access WithPlugin(const std::string& script) {
  return {.exec = ExecPlugin{.api_version = "client.authentication.k8s.io/v1",
                             .command = "sh",
                             .arguments = {"-c", script},
                             .environment = {{"PROFILE", "dev"}},
                             .install_hint = "ask Ann"}};
}

// Prints as its token how often it was called, and remembers that in `count`.
std::string CountingScript(const std::string& count, const std::string& expiry) {
  return absl::StrCat("n=$(($(cat ", count, " 2>/dev/null || echo 0) + 1)); echo $n >", count,
                      "; test -n \"$KUBERNETES_EXEC_INFO\" || exit 1; "
                      "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",'"
                      "'\"status\":{\"token\":\"'$PROFILE$n'\",\"expirationTimestamp\":\"",
                      expiry, "\"}}'");
}

TEST(CredentialsReader, RunsAPluginOnceUntilRefused) {
  const std::string count = TempPath("count");
  CredentialsReader reader(WithPlugin(CountingScript(count, "2130-01-01T00:00:00Z")));
  EXPECT_EQ(Await(reader.Read())->token, "dev1");
  EXPECT_EQ(Await(reader.Read())->token, "dev1");
  reader.Refuse();
  EXPECT_EQ(Await(reader.Read())->token, "dev2");
}

TEST(CredentialsReader, RunsAPluginAgainWhenItsTokenHasExpired) {
  const std::string count = TempPath("count_expired");
  CredentialsReader reader(WithPlugin(CountingScript(count, "2020-01-01T00:00:00Z")));
  EXPECT_EQ(Await(reader.Read())->token, "dev1");
  EXPECT_EQ(Await(reader.Read())->token, "dev2");
}

TEST(CredentialsReader, SaysWhyAPluginFailed) {
  CredentialsReader reader(WithPlugin("echo one >&2; echo please log in >&2; exit 3"));
  EXPECT_EQ(Await(reader.Read()).status().message(),
            "credential plugin: sh failed: exit status 3: please log in (ask Ann)");
}

TEST(RunCommand, SaysWhenThereIsNoSuchProgram) {
  EXPECT_EQ(Await(RunCommand({.program = "no-such-program"})).status().message(),
            "no-such-program cannot be started: No such file or directory");
}

TEST(RunCommand, EndsWhatTakesTooLong) {
  EXPECT_THAT(Await(RunCommand({.program = "sleep", .arguments = {"60"}, .deadline = std::chrono::milliseconds(20)}))
                  .status()
                  .message(),
              HasSubstr("sleep has not ended within"));
}

TEST(RunCommand, KeepsItsDescriptorsAndSignalsToItself) {
  const int ours = open("/dev/null", O_RDONLY);  // a socket of Asio's is as open to children as this
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  const std::string script = absl::StrCat("test -e /proc/self/fd/", ours, " && echo has ours >&2; kill -PIPE $$");
  const auto output = Await(RunCommand({.program = "sh", .arguments = {"-c", script}}));
  std::signal(SIGPIPE, before);
  close(ours);
  EXPECT_EQ(output.status().message(), "sh failed: killed by signal 13");
}

TEST(RunCommand, BoundsWhatItReads) {
  EXPECT_THAT(Await(RunCommand({.program = "yes", .max_output = 10000})).status().message(),
              HasSubstr("yes has written more than 10000 octets"));
}

}  // namespace
}  // namespace podnamed::kube
