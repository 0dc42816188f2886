// What `file`, `auto` and `transfer` mean, and what they refuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "config/test_directives.h"

namespace podnamed::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

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

TEST(Auto, LooksThroughADirectory) {
  const AutoOptions simple = *Block("auto {\ndirectory zones\n}").auto_zones;
  EXPECT_THAT(simple.zones, ElementsAre(Zone("example.org")));
  EXPECT_EQ(simple.directory + " " + simple.pattern + " " + simple.origin, "zones db\\.(.*) {1}");
  EXPECT_EQ(simple.reload, absl::Minutes(1));
  const AutoOptions other =
      *Block("auto org {\ndirectory /zones (.*)-(.*)\\.db {2}.{1}\nreload 10s\nupstream\n}").auto_zones;
  EXPECT_EQ(other.directory + " " + other.pattern + " " + other.origin, "/zones (.*)-(.*)\\.db {2}.{1}");
  EXPECT_EQ(other.reload, absl::Seconds(10));
}

TEST(Auto, Refuses) {
  EXPECT_EQ(Errors("auto"),
            "Corefile:2:1: auto has no directory; expected \"directory DIR [REGEXP ORIGIN_TEMPLATE]\" in its block");
  EXPECT_EQ(Errors("auto {\ndirectory a b\n}"),
            "Corefile:3:1: directory has 2 arguments; expected \"directory DIR [REGEXP ORIGIN_TEMPLATE]\"");
  EXPECT_EQ(Errors("auto {\ndirectory a ( {1}\n}"), "Corefile:3:13: \"(\" is no regular expression: missing ): (");
  EXPECT_EQ(Errors("auto {\ndirectory a x {1}\n}"),
            "Corefile:3:13: \"x\" has no group; expected one such as \"db\\.(.*)\"");
}

TEST(Transfer, IsToAddresses) {
  const ServerBlockOptions block =
      Block("transfer {\nto 10.0.0.1 [fd00::1]:5353\nto 10.1.0.0/16\n}\ntransfer a.example {\nto *\n}");
  ASSERT_EQ(block.transfer.size(), 2);
  const TransferOptions& some = block.transfer[0];
  EXPECT_THAT(some.zones, ElementsAre(Zone("example.org")));
  EXPECT_FALSE(some.to_all);
  ASSERT_EQ(some.networks.size(), 3);
  EXPECT_EQ(some.networks[0].ToString() + " " + some.networks[1].ToString() + " " + some.networks[2].ToString(),
            "10.0.0.1/32 fd00::1/128 10.1.0.0/16");
  ASSERT_EQ(some.notify.size(), 2);
  EXPECT_EQ(some.notify[0].ToString() + " " + some.notify[1].ToString(), "10.0.0.1:53 [fd00::1]:5353");
  EXPECT_TRUE(block.transfer[1].to_all);
  EXPECT_THAT(block.transfer[1].zones, ElementsAre(Zone("a.example")));
}

TEST(Transfer, Refuses) {
  EXPECT_EQ(Errors("transfer"), "Corefile:2:1: transfer is to nobody; expected \"to ADDRESS…\" in its block");
  EXPECT_EQ(Errors("transfer {\nto\n}"), "Corefile:3:1: to has 0 arguments; expected \"to ADDRESS…\"");
  EXPECT_EQ(Errors("transfer {\nto ns.example\n}"),
            "Corefile:3:4: \"ns.example\" is no address; expected one such as \"10.0.0.1\", \"10.0.0.1:5353\", "
            "\"10.0.0.0/8\" or \"*\"");
  EXPECT_EQ(Errors("transfer {\ntoo *\nto *\n}"),
            "Corefile:3:1: unknown transfer property \"too\"; expected to; did you mean \"to\"?");
}

}  // namespace
}  // namespace podnamed::config
