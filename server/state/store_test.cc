#include "server/state/store.h"

#include <gtest/gtest.h>

#include "server/testing/entities.h"

namespace podnamed::state {
namespace {

constexpr std::array<uint8_t, 16> kEpoch = {1, 2, 3};

class StoreTest : public ::testing::Test {
 protected:
  void Sync(uint64_t revision) {
    store_.BeginSnapshot({kEpoch, revision});
    store_.AddToSnapshot({testing::Headless("nginx"), testing::Pod("nginx", "web-0", {"10.0.0.1"})});
    store_.CommitSnapshot(absl::UnixEpoch());
  }
  size_t IdentityCount() { return reader_.Current()->FindService("default", "nginx")->identity_count(); }

  SnapshotHolder holder_;
  Store store_{holder_};
  SnapshotReader reader_{holder_};
};

TEST_F(StoreTest, HasNoPositionBeforeTheFirstSnapshot) {
  EXPECT_EQ(store_.position(), std::nullopt);
  EXPECT_EQ(store_.Apply({.previous_revision = 0, .revision = 1, .origin_time = {}, .ops = {}}).code(),
            absl::StatusCode::kFailedPrecondition);
  Sync(5);
  EXPECT_EQ(store_.position(), (Position{kEpoch, 5}));
}

TEST_F(StoreTest, ASnapshotIsSeenAtItsEndAndNotBefore) {
  store_.BeginSnapshot({kEpoch, 5});
  store_.AddToSnapshot({testing::Headless("nginx")});
  EXPECT_EQ(reader_.Current(), nullptr);
  store_.AddToSnapshot({testing::Pod("nginx", "web-0", {"10.0.0.1"}), testing::Pod("nginx", "web-1", {"10.0.0.2"})});
  store_.CommitSnapshot(absl::UnixEpoch());
  EXPECT_EQ(IdentityCount(), 2U);
}

TEST_F(StoreTest, AnAbandonedSnapshotChangesNothing) {
  Sync(5);
  store_.BeginSnapshot({kEpoch, 9});
  store_.AddToSnapshot({testing::Pod("nginx", "web-7", {"10.0.0.7"})});
  store_.AbandonSnapshot();
  EXPECT_EQ(store_.position()->revision, 5U);
  EXPECT_EQ(IdentityCount(), 1U);
}

TEST_F(StoreTest, ADeltaBuildsOnThePublishedRevisionOrChangesNothing) {
  Sync(5);
  EXPECT_TRUE(store_.Apply({5, 6, absl::UnixEpoch(), {testing::Pod("nginx", "web-1", {"10.0.0.2"})}}).ok());
  EXPECT_EQ(IdentityCount(), 2U);
  EXPECT_EQ(store_.position(), (Position{kEpoch, 6}));
  const absl::Status gap = store_.Apply({7, 8, absl::UnixEpoch(), {testing::Pod("nginx", "web-2", {"10.0.0.3"})}});
  EXPECT_EQ(gap.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(gap.message(), "revision 8 builds on 7, but the state is at 6");
  EXPECT_EQ(IdentityCount(), 2U);
}

}  // namespace
}  // namespace podnamed::state
