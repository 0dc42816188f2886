#include "server/upstream/letter_memory.h"

#include <algorithm>

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

TEST(LetterMemory, RemembersLongerEachTimeItIsShownAgain) {
  LetterMemory memory;
  LetterMemory::Clock::time_point now = kNow;
  std::chrono::minutes expected = LetterMemory::kForgetAfter;
  for (int i = 0; i < 12; ++i) {
    EXPECT_TRUE(memory.OnFoldedByTcp(now));
    EXPECT_FALSE(memory.OnFoldedByTcp(now));  // another question that was under way
    EXPECT_FALSE(memory.KeepsLetters(now + expected - std::chrono::seconds(1)));
    now += expected;
    EXPECT_TRUE(memory.KeepsLetters(now));
    expected = std::min<std::chrono::minutes>(2 * expected, LetterMemory::kForgetAtLast);
  }
  memory.OnKept();
  memory.OnFoldedByTcp(now);
  EXPECT_TRUE(memory.KeepsLetters(now + LetterMemory::kForgetAfter));
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
