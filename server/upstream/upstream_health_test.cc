#include "server/upstream/upstream_health.h"

#include <gtest/gtest.h>

namespace podnamed::upstream {
namespace {

TEST(UpstreamHealth, IsDownAfterMoreFailedProbesThanAllowed) {
  UpstreamHealth health(2);
  EXPECT_FALSE(health.is_down());
  EXPECT_TRUE(health.OnNoReply());
  EXPECT_FALSE(health.OnNoReply()) << "it is being probed";
  health.OnProbeFailed();
  health.OnProbeFailed();
  EXPECT_FALSE(health.is_down());
  health.OnProbeFailed();
  EXPECT_TRUE(health.is_down());
  health.OnProbeSucceeded();
  EXPECT_FALSE(health.is_down());
  EXPECT_TRUE(health.OnNoReply());
}

TEST(UpstreamHealth, IsNeverDownWithoutALimit) {
  UpstreamHealth health(0);
  EXPECT_FALSE(health.OnNoReply());
  for (int i = 0; i < 100; ++i) health.OnUselessReply();
  EXPECT_FALSE(health.is_down());
}

TEST(UpstreamHealth, UselessRepliesInARowCountAsDown) {
  UpstreamHealth health(2);
  for (int i = 1; i < UpstreamHealth::kUselessLimit; ++i) EXPECT_FALSE(health.OnUselessReply());
  health.OnReply();
  for (int i = 1; i < UpstreamHealth::kUselessLimit; ++i) EXPECT_FALSE(health.OnUselessReply());
  EXPECT_FALSE(health.is_down());
  EXPECT_TRUE(health.OnUselessReply());
  EXPECT_TRUE(health.is_down());
  health.OnProbeSucceeded();
  EXPECT_FALSE(health.is_down());
}

}  // namespace
}  // namespace podnamed::upstream
