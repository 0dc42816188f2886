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

TEST_F(StoreTest, ASnapshotKeepsTheLastGoodValueOfWhatItNames) {
  Service db = testing::Headless("db");
  db.kind = ServiceKind::kExternalName;
  db.external_name = std::string("\2db\7example\0", 12);
  Service api_service = testing::ClusterIp("api", {"10.96.0.1", "fd00::1"}, {{"web", Protocol::kUdp, 80}});
  api_service.external_addresses = testing::Addresses({"192.0.2.1", "2001:db8::1"});
  api_service.external_hostnames = {db.external_name};
  store_.BeginSnapshot({kEpoch, 5});
  store_.AddToSnapshot(
      {Namespace{"default", 7}, testing::WithUid(8, db), api_service,
       testing::WithUid(9, testing::Pod("nginx", "web-0", {"10.0.0.1"}, {{"web", Protocol::kTcp, 8080}})),
       Pod{"default", "job", 10, testing::Addresses({"10.0.0.9"})}});
  store_.CommitSnapshot(absl::UnixEpoch());

  store_.BeginSnapshot({kEpoch, 6});
  store_.KeepInSnapshot({EntityKind::kNamespace, "", "", "default"});
  store_.KeepInSnapshot({EntityKind::kService, "default", "", "db"});
  store_.KeepInSnapshot({EntityKind::kService, "default", "", "api"});
  store_.KeepInSnapshot({EntityKind::kService, "default", "", "nginx"});  // only an identity of it is there
  store_.KeepInSnapshot({EntityKind::kPodIdentity, "default", "nginx", "web-0"});
  store_.KeepInSnapshot({EntityKind::kPodIdentity, "default", "nginx", "web-1"});
  store_.KeepInSnapshot({EntityKind::kPod, "default", "", "job"});
  store_.CommitSnapshot(absl::UnixEpoch());

  const Snapshot& kept = *reader_.Current();
  EXPECT_NE(kept.FindNamespace("default"), nullptr);
  EXPECT_EQ(kept.FindService("default", "db")->external_name(), db.external_name);
  EXPECT_EQ(kept.FindService("default", "db")->uid(), 8U);
  const ServiceBlock& api = *kept.FindService("default", "api");
  EXPECT_EQ(api.kind(), ServiceKind::kClusterIp);
  EXPECT_EQ(api.cluster_ipv4().size() + api.cluster_ipv6().size(), 2U);
  EXPECT_EQ(api.port(0), (PortView{"web", Protocol::kUdp, 80}));
  EXPECT_EQ(api.external_ipv4().size() + api.external_ipv6().size(), 2U);
  api.ForEachExternalHostname([&](std::string_view hostname) { EXPECT_EQ(hostname, db.external_name); });
  const ServiceBlock& nginx = *kept.FindService("default", "nginx");
  EXPECT_FALSE(nginx.has_service());
  ASSERT_EQ(nginx.identity_count(), 1U);
  EXPECT_EQ(nginx.identity(0).uid(), 9U);
  EXPECT_EQ(nginx.identity(0).hostname(), "web-0");
  EXPECT_TRUE(nginx.identity(0).ready());
  EXPECT_EQ(nginx.identity(0).port(0), (PortView{"web", Protocol::kTcp, 8080}));
  EXPECT_TRUE(nginx.HasAddress(*base::ParseIpAddress("10.0.0.1")));
  EXPECT_EQ(kept.FindPod("default", "job")->uid, 10U);
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
