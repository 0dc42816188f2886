#include "server/lameduck.h"

#include <gtest/gtest.h>

namespace podnamed {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(50);

// Looks until it is over; `rate` says how many queries come in a second at that time.
std::string Outcome(absl::Duration least, double (*rate)(absl::Duration), absl::Duration& lasted) {
  Lameduck lameduck(least);
  double queries = 1000;  // of before
  for (lasted = absl::ZeroDuration(); lasted < absl::Minutes(1); lasted += kLook) {
    if (const auto why = lameduck.Look(lasted, static_cast<uint64_t>(queries))) return *why;
    queries += rate(lasted) * absl::ToDoubleSeconds(kLook);
  }
  return "never";
}

TEST(Lameduck, LastsAsLongAsItSaysWhenNobodyAsks) {
  absl::Duration lasted;
  EXPECT_EQ(Outcome(absl::Seconds(5), [](absl::Duration) { return 0.0; }, lasted), "no query in 5.0 s");
  EXPECT_EQ(lasted, absl::Seconds(5));
}

TEST(Lameduck, DoesNotWaitLongerForTrafficThatHasStopped) {
  absl::Duration lasted;
  const auto for_two_seconds = [](absl::Duration at) { return at < absl::Seconds(2) ? 20'000.0 : 0.0; };
  EXPECT_EQ(Outcome(absl::Seconds(5), for_two_seconds, lasted), "last query 3.0 s ago");
  EXPECT_EQ(lasted, absl::Seconds(5));
}

TEST(Lameduck, WaitsForAQuietSecond) {
  absl::Duration lasted;
  const auto for_six_seconds = [](absl::Duration at) { return at < absl::Seconds(6) ? 20'000.0 : 0.0; };
  EXPECT_EQ(Outcome(absl::Seconds(5), for_six_seconds, lasted), "last query 1.0 s ago");
  EXPECT_EQ(lasted, absl::Seconds(7));
  // Ten seconds apart, and yet one of them falls into the last second.
  const auto now_and_then = [](absl::Duration at) { return at == absl::Milliseconds(4'450) ? 20.0 : 0.0; };
  EXPECT_EQ(Outcome(absl::Seconds(5), now_and_then, lasted), "last query 1.0 s ago");
  EXPECT_EQ(lasted, absl::Milliseconds(5'500));
}

TEST(Lameduck, LastsTwiceAsLongAtMost) {
  absl::Duration lasted;
  EXPECT_EQ(Outcome(
                absl::Seconds(5), [](absl::Duration) { return 120.0; }, lasted),
            "still 120 queries per second after 10.0 s");
  EXPECT_EQ(lasted, absl::Seconds(10));
  EXPECT_EQ(Outcome(
                absl::Milliseconds(100), [](absl::Duration) { return 2'000.0; }, lasted),
            "still 2000 queries per second after 0.2 s");
}

}  // namespace
}  // namespace podnamed
