#include "server/feed/log_quota.h"

#include <gtest/gtest.h>

namespace podnamed::feed {
namespace {

TEST(LogQuota, AdmitsSoManyLinesAWindowAndSaysHowManyItKeptBack) {
  LogQuota quota(2, absl::Minutes(1));
  const absl::Time start = absl::FromUnixSeconds(1'000'000);
  EXPECT_EQ(quota.Admit(start), "");
  EXPECT_EQ(quota.Admit(start + absl::Seconds(30)), " (more lines like this are left out for a while)");
  EXPECT_EQ(quota.Admit(start + absl::Seconds(31)), std::nullopt);
  EXPECT_EQ(quota.Admit(start + absl::Seconds(59)), std::nullopt);
  EXPECT_EQ(quota.Admit(start + absl::Seconds(60)), " (2 lines like this were left out before it)");
  EXPECT_NE(quota.Admit(start + absl::Seconds(60)), std::nullopt);
  EXPECT_EQ(quota.Admit(start + absl::Seconds(60)), std::nullopt);
}

TEST(LogQuota, StartsAnewWhenTheClockIsSetBack) {
  LogQuota quota(1, absl::Minutes(1));
  const absl::Time start = absl::FromUnixSeconds(1'000'000);
  EXPECT_NE(quota.Admit(start), std::nullopt);
  EXPECT_EQ(quota.Admit(start), std::nullopt);
  EXPECT_NE(quota.Admit(start - absl::Hours(1)), std::nullopt);
}

}  // namespace
}  // namespace podnamed::feed
