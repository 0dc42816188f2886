#include "server/plugins/header.h"

#include <gtest/gtest.h>

#include "server/plugins/test_exchange.h"

namespace podnamed::plugins {
namespace {

using config::HeaderFlag;

TEST(Header, SetsAndClearsFlagsOfReplies) {
  const config::HeaderOptions options = {.of_query = {},
                                         .of_response = {{HeaderFlag::kAuthoritative, false},
                                                         {HeaderFlag::kRecursionAvailable, true},
                                                         {HeaderFlag::kRecursionDesired, false}}};
  Header header(options);
  TestExchange test("a.", dns::RecordType::kA, {.recursion_desired = true});
  EXPECT_EQ(Ask(header, test), "pass");
  test.exchange.authoritative = true;
  header.OnReply(test.exchange);
  const testing::Message reply = test.Reply();
  EXPECT_FALSE(reply.authoritative);
  EXPECT_TRUE(reply.recursion_available);
  EXPECT_FALSE(reply.recursion_desired);
}

TEST(Header, TheLastRuleForAFlagCounts) {
  const config::HeaderOptions options = {
      .of_query = {}, .of_response = {{HeaderFlag::kAuthoritative, false}, {HeaderFlag::kAuthoritative, true}}};
  Header header(options);
  TestExchange test("a.");
  header.OnReply(test.exchange);
  EXPECT_TRUE(test.Reply().authoritative);
}

TEST(Header, ThoseBehindSeeTheQuerysFlags) {
  const config::HeaderOptions options = {.of_query = {{HeaderFlag::kRecursionDesired, true}}, .of_response = {}};
  Header header(options);
  TestExchange test("a.", dns::RecordType::kA, {.recursion_desired = false});
  EXPECT_EQ(Ask(header, test), "pass");
  EXPECT_TRUE(test.exchange.query->recursion_desired);
}

}  // namespace
}  // namespace podnamed::plugins
