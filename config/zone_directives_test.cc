// What `file`, `auto` and `transfer` mean, and what they refuse.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "config/fake_environment.h"
#include "config/options.h"

namespace podnamed::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

absl::StatusOr<Options> Parse(std::string_view directives) {
  return ParseOptions(fmt::format("example.org {{\n{}\n}}", directives), "Corefile", 53, FakeEnvironment());
}

ServerBlockOptions Block(std::string_view directives) {
  const absl::StatusOr<Options> options = Parse(directives);
  EXPECT_TRUE(options.ok()) << options.status();
  return options.ok() ? options->blocks[0] : ServerBlockOptions{};
}

std::string Errors(std::string_view directives) {
  const absl::StatusOr<Options> options = Parse(directives);
  return options.ok() ? "none" : std::string(options.status().message());
}

dns::Name Zone(std::string_view text) { return dns::Name::FromText(text).value(); }

TEST(File, HasDefaults) {
  const ServerBlockOptions block = Block("file db");
  ASSERT_EQ(block.file.size(), 1);
  const FileOptions& file = block.file.front();
  EXPECT_EQ(file.file, "db");
  EXPECT_THAT(file.zones, ElementsAre(Zone("example.org")));
  EXPECT_EQ(file.reload, absl::Minutes(1));
  EXPECT_FALSE(file.by_time);
  EXPECT_THAT(file.fallthrough, IsEmpty());
}

TEST(File, TakesWhatCoreDnsDocuments) {
  const ServerBlockOptions block =
      Block("file a A.example 10.0.0.0/24 {\nreload 30s\nreload_by_mtime\nfallthrough b.example\nupstream\n}\nfile b");
  ASSERT_EQ(block.file.size(), 2);
  const FileOptions& file = block.file.front();
  EXPECT_THAT(file.zones, ElementsAre(Zone("a.example"), Zone("0.0.10.in-addr.arpa")));
  EXPECT_EQ(file.reload, absl::Seconds(30));
  EXPECT_TRUE(file.by_time);
  EXPECT_THAT(file.fallthrough, ElementsAre(Zone("b.example")));
  EXPECT_EQ(Block("file a {\nreload 0\n}").file.front().reload, absl::ZeroDuration());
}

TEST(File, Refuses) {
  const struct {
    std::string_view directives;
    std::string_view errors;
  } cases[] = {
      {"file", "Corefile:2:1: file names no zone file; expected \"file DBFILE [ZONE…]\""},
      {"file \"\"", "Corefile:2:6: file names no zone file; expected \"file DBFILE [ZONE…]\""},
      {"file db {\nreload x\n}",
       "Corefile:3:8: reload is \"x\"; expected a duration such as \"5s\", at most 24h; 0 for never"},
      {"file db {\nreload_by_time\n}",
       "Corefile:3:1: unknown file property \"reload_by_time\"; expected reload, reload_by_mtime, fallthrough, "
       "upstream; "
       "did you mean \"reload_by_mtime\"?"},
  };
  for (const auto& test : cases) EXPECT_EQ(Errors(test.directives), test.errors) << test.directives;
}

}  // namespace
}  // namespace podnamed::config
