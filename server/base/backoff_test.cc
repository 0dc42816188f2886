#include "server/base/backoff.h"

#include <gtest/gtest.h>

#include "absl/random/random.h"

namespace podnamed::base {
namespace {

TEST(Backoff, WaitsStayBetweenHalfTheFirstAndTheDoublingBound) {
  absl::BitGen random;
  for (int round = 0; round < 100; ++round) {
    Backoff backoff(absl::Milliseconds(100), absl::Seconds(5), random);
    absl::Duration bound = absl::Milliseconds(100);
    for (int failure = 0; failure < 10; ++failure) {
      const absl::Duration wait = backoff.Next();
      EXPECT_GE(wait, absl::Milliseconds(50));
      EXPECT_LE(wait, bound);
      bound = std::min(bound * 2, absl::Seconds(5));
    }
  }
}

TEST(Backoff, WaitsOfTwoClientsDiffer) {
  absl::BitGen random;
  Backoff a(absl::Seconds(1), absl::Seconds(60), random);
  Backoff b(absl::Seconds(1), absl::Seconds(60), random);
  EXPECT_NE(a.Next(), b.Next());
}

TEST(Backoff, ResetMakesTheNextWaitShortAgain) {
  absl::BitGen random;
  Backoff backoff(absl::Milliseconds(10), absl::Seconds(60), random);
  for (int failure = 0; failure < 20; ++failure) backoff.Next();
  backoff.Reset();
  EXPECT_LE(backoff.Next(), absl::Milliseconds(10));
}

}  // namespace
}  // namespace podnamed::base
