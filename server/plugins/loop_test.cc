#include "server/plugins/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/plugins/test_exchange.h"

namespace podnamed::plugins {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

dns::Name Zone(std::string_view text) { return dns::Name::FromText(text).value(); }

class LoopTest : public ::testing::Test {
 protected:
  void TearDown() override { found().clear(); }

  // What the last loop was said to be; empty: none.
  static std::string& found() {
    static std::string text;
    return text;
  }
  std::string Ask(const std::string& name, dns::RecordType type = dns::RecordType::kHinfo) {
    TestExchange test(name, type);
    return plugins::Ask(loop_, test);
  }

  LoopSearch search_{Zone("Example.org"), {.address = base::ParseIpAddress("127.0.0.1"), .port = 53}};
  Loop loop_{search_, nullptr, [](const std::string& what) { found() = what; }};
};

TEST_F(LoopTest, AsksForANameThatNobodyElseAsksFor) {
  EXPECT_THAT(search_.name().ToText(), MatchesRegex("[0-9]+\\.[0-9]+\\.example\\.org\\."));
  EXPECT_NE(search_.name(), LoopSearch(Zone("example.org"), {}).name());
  EXPECT_THAT(LoopSearch(Zone("."), {}).name().ToText(), MatchesRegex("[0-9]+\\.[0-9]+\\."));
}

TEST_F(LoopTest, ALoopIsWhatComesAThirdTime) {
  const std::string name = search_.name().ToText();
  EXPECT_EQ(Ask(name), "pass");
  EXPECT_EQ(Ask(name), "pass");
  EXPECT_EQ(found(), "");
  EXPECT_EQ(Ask(name), "pass");
  EXPECT_THAT(found(), HasSubstr("Loop (10.0.0.7:1053 -> 127.0.0.1:53) detected for zone \"Example.org.\", see "
                                 "https://coredns.io/plugins/loop#troubleshooting. Query: \"HINFO " +
                                 name + "\""));
}

TEST_F(LoopTest, OtherQueriesAreNone) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Ask(search_.name().ToText(), dns::RecordType::kA), "pass");
    EXPECT_EQ(Ask("1.2.example.org"), "pass");
  }
  EXPECT_EQ(found(), "");
}

TEST_F(LoopTest, WhatIsSentAgainIsCountedAnew) {
  for (int i = 0; i < 5; ++i) {
    search_.BeginAgain();
    Ask(search_.name().ToText());
    Ask(search_.name().ToText());
  }
  EXPECT_EQ(found(), "");
}

TEST_F(LoopTest, AfterTheSearchNothingIsALoop) {
  search_.End();
  for (int i = 0; i < 5; ++i) Ask(search_.name().ToText());
  EXPECT_EQ(found(), "");
}

}  // namespace
}  // namespace podnamed::plugins
