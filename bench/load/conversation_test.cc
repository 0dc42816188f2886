#include "bench/load/conversation.h"

#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace podnamed::bench {
namespace {

using std::chrono::milliseconds;

class ConversationTest : public testing::Test {
 protected:
  ConversationTest() {
    std::istringstream file("a. A NOERROR 0 30\nb. A NOERROR 0 30\nc. A NXDOMAIN 0 30\n");
    queries_ = QueryList::Read(file, "test.queries", {}).value();
  }

  Conversation Start(const Conversation::Options& options, size_t first = 0) {
    return Conversation(queries_, first, options, tally_);
  }

  // Sends the next query; returns what an echo would bring back.
  std::vector<uint8_t> Ask(Conversation& conversation, Clock::time_point due = {}) {
    std::vector<uint8_t> packet(Conversation::kMaxQuery);
    packet.resize(conversation.Next(due, packet.data()));
    return packet;
  }

  QueryList queries_;
  Tally tally_;
};

TEST_F(ConversationTest, AsksInOrderFromWhereItIsToldOverAndOver) {
  Conversation conversation = Start({.window = 4}, 2);
  for (const char expected : {'c', 'a', 'b', 'c'}) EXPECT_EQ(Ask(conversation)[13], expected);
}

TEST_F(ConversationTest, HasRoomForItsWindow) {
  Conversation conversation = Start({.window = 3});
  EXPECT_TRUE(conversation.Idle());
  const std::vector<uint8_t> first = Ask(conversation);
  Ask(conversation);
  Ask(conversation);
  EXPECT_EQ(conversation.Room(), 0u);
  conversation.Receive(first, {});
  EXPECT_EQ(conversation.Room(), 1u);
  EXPECT_FALSE(conversation.Idle());
  EXPECT_EQ(tally_.sent, 3u);
  EXPECT_EQ(tally_.right, 1u);
}

TEST_F(ConversationTest, TakesNoReplyTwiceAndNoneThatItDidNotAskFor) {
  Conversation conversation = Start({.window = 3});
  std::vector<uint8_t> reply = Ask(conversation);
  conversation.Receive(reply, {});
  conversation.Receive(reply, {});
  conversation.Receive({}, {});
  const std::vector<uint8_t> beyond_window = {0, 3};
  conversation.Receive(beyond_window, {});
  EXPECT_EQ(tally_.right, 1u);
  EXPECT_EQ(tally_.unexpected, 3u);
}

TEST_F(ConversationTest, DoesNotTakeALateReplyForTheNextAnswer) {
  Conversation conversation = Start({.window = 1});
  const std::vector<uint8_t> late = Ask(conversation, Clock::time_point(milliseconds(1)));
  conversation.Expire(Clock::time_point(milliseconds(2)));
  EXPECT_EQ(tally_.timeouts, 1u);
  const std::vector<uint8_t> next = Ask(conversation, Clock::time_point(milliseconds(2)));
  conversation.Expire(Clock::time_point(milliseconds(2)));  // not due before its limit
  conversation.Receive(late, {});
  EXPECT_EQ(tally_.unexpected, 1u);
  conversation.Receive(next, {});
  EXPECT_EQ(tally_.right, 1u);
  EXPECT_EQ(tally_.timeouts, 1u);
}

TEST_F(ConversationTest, KeepsTheFirstWrongReply) {
  Conversation conversation = Start({.window = 4});
  for (const uint8_t rcode : {uint8_t{2}, uint8_t{5}}) {
    std::vector<uint8_t> reply = Ask(conversation);
    reply[3] = rcode;
    conversation.Receive(reply, {});
  }
  EXPECT_EQ(tally_.wrong, 2u);
  EXPECT_THAT(tally_.first_wrong, testing::HasSubstr("found rcode 2"));
}

TEST_F(ConversationTest, TakesAnyReplyOfAnEcho) {
  Conversation conversation = Start({.window = 1, .echo = true}, 2);
  conversation.Receive(Ask(conversation), {});  // NXDOMAIN is expected, NOERROR comes
  EXPECT_EQ(tally_.right, 1u);
}

TEST_F(ConversationTest, MeasuresLatencyFromWhenTheQueryWasDue) {
  Conversation conversation = Start({.window = 1, .measure_latency = true});
  const std::vector<uint8_t> reply = Ask(conversation, Clock::time_point(milliseconds(5)));
  conversation.Receive(reply, Clock::time_point(milliseconds(7)));
  EXPECT_THAT(tally_.latencies_ns, testing::ElementsAre(2'000'000u));
}

}  // namespace
}  // namespace podnamed::bench
