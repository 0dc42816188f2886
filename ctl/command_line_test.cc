#include "ctl/command_line.h"

#include <gmock/gmock.h>

namespace podnamed::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

absl::StatusOr<Invocation> Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "podnamectl");
  return ParseCommandLine(static_cast<int>(words.size()), words.data());
}

std::string ErrorOf(const std::vector<const char*>& words) {
  const absl::StatusOr<Invocation> invocation = Parse(words);
  return invocation.ok() ? "none" : std::string(invocation.status().message());
}

TEST(CommandLine, FlagsStandBeforeOrBehindTheCommand) {
  for (const auto& words : {std::vector<const char*>{"-o", "json", "-server=unix:/s", "lookup", "web-0.nginx", "SRV",
                                                     "-as", "default/web-0"},
                            std::vector<const char*>{"lookup", "--as=default/web-0", "web-0.nginx", "-o=json", "SRV",
                                                     "-server", "unix:/s"}}) {
    const absl::StatusOr<Invocation> invocation = Parse(words);
    ASSERT_TRUE(invocation.ok()) << invocation.status();
    EXPECT_EQ(invocation->command->name, "lookup");
    EXPECT_THAT(invocation->arguments, ElementsAre("web-0.nginx", "SRV"));
    EXPECT_TRUE(invocation->json);
    EXPECT_EQ(invocation->as, "default/web-0");
    EXPECT_EQ(invocation->server.GrpcUri(), "unix:/s");
    EXPECT_EQ(invocation->timeout, absl::Seconds(5));
  }
}

TEST(CommandLine, TheServerIsWherePodnamedSaysThatItListens) {
  EXPECT_EQ(Parse({"status", "-server", "unix:///s"})->server.GrpcUri(), "unix:/s");
  EXPECT_EQ(Parse({"status", "-server", ":9999"})->server.GrpcUri(), "[::]:9999");
  EXPECT_EQ(Parse({"status", "-server", "localhost:9999"})->server.GrpcUri(), "localhost:9999");
}

TEST(CommandLine, SaysWhatItFoundAndExpected) {
  EXPECT_THAT(ErrorOf({}), HasSubstr("no command"));
  EXPECT_THAT(ErrorOf({"look"}), HasSubstr("found \"look\", expected status, lookup, explain, list, watch"));
  EXPECT_THAT(ErrorOf({"lookup"}), HasSubstr("found 0 arguments, expected NAME [TYPE]"));
  EXPECT_THAT(ErrorOf({"status", "all"}), HasSubstr("found 1 arguments, expected none"));
  EXPECT_THAT(ErrorOf({"list", "nodes"}), HasSubstr("found \"nodes\", expected services or pods"));
  EXPECT_THAT(ErrorOf({"status", "-o", "yaml"}), HasSubstr("-o: found \"yaml\", expected table or json"));
  EXPECT_THAT(ErrorOf({"status", "-as", "web-0"}), HasSubstr("-as is no flag of status"));
  EXPECT_THAT(ErrorOf({"status", "-timeout", "soon"}), HasSubstr("-timeout: found \"soon\""));
  EXPECT_THAT(ErrorOf({"status", "-server", "/s"}), HasSubstr("-server: found \"/s\", expected unix:PATH"));
  EXPECT_THAT(ErrorOf({"status", "-verbose"}), HasSubstr("\"-verbose\" is no flag"));
}

TEST(CommandLine, HelpNeedsNothingElse) {
  for (const auto& words : {std::vector<const char*>{"-help"}, std::vector<const char*>{"lookup", "--help"},
                            std::vector<const char*>{"help"}, std::vector<const char*>{"help", "lookup"}}) {
    const absl::StatusOr<Invocation> invocation = Parse(words);
    ASSERT_TRUE(invocation.ok()) << invocation.status();
    EXPECT_TRUE(invocation->help);
  }
  EXPECT_EQ(Parse({"help", "list"})->command->name, "list");
}

}  // namespace
}  // namespace podnamed::ctl
