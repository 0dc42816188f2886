#include "server/upstream/letter_memory.h"

#include "gtest/gtest.h"

namespace podnamed::upstream {
namespace {

constexpr LetterMemory::Clock::time_point kNow{std::chrono::hours(1000)};

TEST(LetterMemory, TrustsAnUpstreamAtFirst) { EXPECT_TRUE(LetterMemory().KeepsLetters(kNow)); }

TEST(LetterMemory, RemembersForAWhileWhatTcpHasShown) {
  LetterMemory memory;
  memory.OnFoldedByTcp(kNow);
  EXPECT_FALSE(memory.KeepsLetters(kNow));
  EXPECT_FALSE(memory.KeepsLetters(kNow + LetterMemory::kForgetAfter - std::chrono::seconds(1)));
  EXPECT_TRUE(memory.KeepsLetters(kNow + LetterMemory::kForgetAfter));
}

TEST(LetterMemory, BelievesUdpAloneOnlyAfterARow) {
  LetterMemory memory;
  for (int i = 1; i < LetterMemory::kUnsettledLimit; ++i) {
    EXPECT_FALSE(memory.OnUnsettled(kNow));
    EXPECT_TRUE(memory.KeepsLetters(kNow));
  }
  EXPECT_TRUE(memory.OnUnsettled(kNow));
  EXPECT_FALSE(memory.KeepsLetters(kNow));
}

TEST(LetterMemory, OneRightReplyBreaksTheRow) {
  LetterMemory memory;
  for (int i = 1; i < LetterMemory::kUnsettledLimit; ++i) memory.OnUnsettled(kNow);
  memory.OnKept();
  for (int i = 1; i < LetterMemory::kUnsettledLimit; ++i) EXPECT_FALSE(memory.OnUnsettled(kNow));
  EXPECT_TRUE(memory.KeepsLetters(kNow));
}

}  // namespace
}  // namespace podnamed::upstream
