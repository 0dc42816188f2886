#include "server/state/snapshot_holder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "server/state/snapshot_builder.h"
#include "server/testing/entities.h"

namespace podnamed::state {
namespace {

std::unique_ptr<const Snapshot> AtRevision(uint64_t revision) {
  SnapshotBuilder builder;
  builder.Add({testing::Headless("nginx"), testing::Pod("nginx", "web-0", {"10.0.0.1"})});
  return builder.Build({.epoch = {}, .revision = revision}, absl::UnixEpoch());
}

TEST(SnapshotHolder, AReaderSeesWhatWasPublishedBeforeItAsks) {
  SnapshotHolder holder;
  SnapshotReader reader(holder);
  EXPECT_EQ(reader.Current(), nullptr);
  holder.Publish(AtRevision(1));
  EXPECT_EQ(reader.Current()->position().revision, 1U);
  holder.Publish(AtRevision(2));
  EXPECT_EQ(reader.Current()->position().revision, 2U);
  EXPECT_EQ(holder.current()->position().revision, 2U);
}

TEST(SnapshotHolder, KeepsAnOldSnapshotAsLongAsAReaderHoldsIt) {
  SnapshotHolder holder;
  holder.Publish(AtRevision(1));
  SnapshotReader busy(holder);
  const Snapshot* held = busy.Current();
  holder.Publish(AtRevision(2));
  EXPECT_EQ(holder.Reclaim(), 1U);
  EXPECT_EQ(held->position().revision, 1U);
  EXPECT_NE(held->FindService("default", "nginx"), nullptr);
  busy.Refresh();
  EXPECT_EQ(holder.Reclaim(), 0U);
}

TEST(SnapshotHolder, AReaderThatGoesLetsGo) {
  SnapshotHolder holder;
  holder.Publish(AtRevision(1));
  {
    SnapshotReader reader(holder);
    reader.Current();
    holder.Publish(AtRevision(2));
    EXPECT_EQ(holder.Reclaim(), 1U);
  }
  EXPECT_EQ(holder.Reclaim(), 0U);
}

TEST(SnapshotHolder, ReadersReadWhileTheWriterPublishes) {
  SnapshotHolder holder;
  holder.Publish(AtRevision(1));
  std::atomic<bool> stop = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      SnapshotReader reader(holder);
      uint64_t last = 0;
      while (!stop.load(std::memory_order_relaxed)) {
        const Snapshot* snapshot = reader.Current();
        EXPECT_GE(snapshot->position().revision, last);
        last = snapshot->position().revision;
        snapshot->ForEachServiceWithAddress(*base::ParseIpAddress("10.0.0.1"),
                                            [](const ServiceBlock& block) { EXPECT_EQ(block.name(), "nginx"); });
      }
    });
  }
  for (uint64_t revision = 2; revision <= 2000; ++revision) {
    SnapshotBuilder builder(*holder.current());
    builder.Add({testing::Pod("nginx", "web-1", {revision % 2 == 0 ? "10.0.0.2" : "10.0.0.3"})});
    holder.Publish(builder.Build({.epoch = {}, .revision = revision}, absl::UnixEpoch()));
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(holder.Reclaim(), 0U);
}

}  // namespace
}  // namespace podnamed::state
