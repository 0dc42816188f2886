#include "server/admin/watch_hub.h"

#include <gmock/gmock.h>

#include "server/admin/test_subject.h"
#include "server/testing/entities.h"

namespace podnamed::admin {
namespace {

using inspect::v1::Change;
using inspect::v1::WatchResponse;
using podnamed::testing::Headless;
using podnamed::testing::Pod;

constexpr absl::Duration kPatience = absl::Seconds(20);

bool Everything(size_t /*cluster*/, const inspect::v1::Object& /*object*/) { return true; }

class WatchHubTest : public ::testing::Test {
 protected:
  WatchHubTest() { cluster_.Publish({Headless("nginx"), Pod("nginx", "web-0", {"10.0.0.1"})}); }

  // Watches from now on: the first message has come.
  std::shared_ptr<WatchHub::Watcher> Watch(WatchHub& hub, WatchHub::Filter filter = Everything) {
    std::shared_ptr<WatchHub::Watcher> watcher = hub.Watch(std::move(filter));
    EXPECT_NE(watcher, nullptr);
    EXPECT_EQ(Next(hub, *watcher).changes_size(), 0);
    return watcher;
  }
  static WatchResponse Next(WatchHub& hub, WatchHub::Watcher& watcher) {
    std::optional<WatchResponse> response = hub.Next(watcher, kPatience);
    EXPECT_TRUE(response.has_value());
    return response.value_or(WatchResponse());
  }
  // Changes until the one with that text has come; how many there were.
  static int ReadUntil(WatchHub& hub, WatchHub::Watcher& watcher, const std::string& text) {
    for (int count = 0;;) {
      const WatchResponse response = Next(hub, watcher);
      if (response.source().empty()) return -1;
      for (const Change& change : response.changes()) {
        ++count;
        if (change.text() == text) return count;
      }
    }
  }

  TestSubject cluster_;
};

TEST_F(WatchHubTest, TellsWhereItBeginsAndThenWhatChanges) {
  WatchHub hub(cluster_.subject());
  const std::shared_ptr<WatchHub::Watcher> watcher = hub.Watch(Everything);
  const WatchResponse first = Next(hub, *watcher);
  EXPECT_EQ(first.position().revision(), 1);
  EXPECT_EQ(first.changes_size(), 0);
  cluster_.Publish({Pod("nginx", "web-0", {"10.0.0.2"})});
  const WatchResponse second = Next(hub, *watcher);
  EXPECT_EQ(second.source(), "manifests cluster");
  EXPECT_EQ(second.position().revision(), 2);
  ASSERT_EQ(second.changes_size(), 1);
  EXPECT_EQ(second.changes(0).action(), Change::CHANGED);
  EXPECT_EQ(second.changes(0).before().pod().addresses(0), "10.0.0.1");
  EXPECT_EQ(second.changes(0).after().pod().addresses(0), "10.0.0.2");
}

TEST_F(WatchHubTest, AWatcherHearsOfWhatItAskedFor) {
  WatchHub hub(cluster_.subject());
  const auto watcher =
      Watch(hub, [](size_t, const inspect::v1::Object& object) { return object.pod().name() == "web-1"; });
  cluster_.Publish({Pod("nginx", "web-0", {"10.0.0.2"})});
  cluster_.Publish({Pod("nginx", "web-1", {"10.0.0.3"})});
  const WatchResponse response = Next(hub, *watcher);
  ASSERT_EQ(response.changes_size(), 1);
  EXPECT_EQ(response.changes(0).text(), "pod default/nginx/web-1 is new: 10.0.0.3, ready");
}

TEST_F(WatchHubTest, AWatcherHearsOfWhatIsNoLongerWhatItAskedFor) {
  WatchHub hub(cluster_.subject());
  const auto watcher =
      Watch(hub, [](size_t, const inspect::v1::Object& object) { return object.pod().hostname() == "web-0"; });
  state::PodIdentity renamed = Pod("nginx", "web-0", {"10.0.0.1"});
  renamed.hostname = "first";
  cluster_.Publish({renamed});
  const WatchResponse response = Next(hub, *watcher);
  ASSERT_EQ(response.changes_size(), 1);
  EXPECT_EQ(response.changes(0).text(), "pod default/nginx/web-0: hostname web-0 → first");
}

TEST_F(WatchHubTest, ASlowWatcherGetsOneStepAndHoldsNothing) {
  WatchHub hub(cluster_.subject(), {.interval = absl::Milliseconds(1)});
  const auto slow = Watch(hub);
  const auto quick = Watch(hub);
  for (int i = 2; i <= 50; ++i) {
    const std::string address = "10.0.0." + std::to_string(i);
    cluster_.Publish({Pod("nginx", "web-0", {address})});
    while (true) {  // the quick one has seen this one
      const WatchResponse response = Next(hub, *quick);
      if (response.changes_size() > 0 && response.changes(0).after().pod().addresses(0) == address) break;
    }
  }
  const WatchResponse response = Next(hub, *slow);
  ASSERT_EQ(response.changes_size(), 1);
  EXPECT_EQ(response.changes(0).text(), "pod default/nginx/web-0: address 10.0.0.1 → 10.0.0.50");
  EXPECT_EQ(response.position().revision(), 50);
}

TEST_F(WatchHubTest, WhatComesAndGoesUnreadIsNotTold) {
  WatchHub hub(cluster_.subject(), {.interval = absl::Milliseconds(1)});
  const auto slow = Watch(hub);
  const auto quick = Watch(hub);
  const state::PodIdentity guest = Pod("nginx", "web-7", {"10.0.0.7"});
  cluster_.Publish({guest});
  EXPECT_GT(ReadUntil(hub, *quick, "pod default/nginx/web-7 is new: 10.0.0.7, ready"), 0);
  cluster_.Publish({DeletionOf(guest)});
  EXPECT_GT(ReadUntil(hub, *quick, "pod default/nginx/web-7 is gone"), 0);
  cluster_.Publish({Pod("nginx", "web-0", {"10.0.0.8"})});
  EXPECT_EQ(ReadUntil(hub, *slow, "pod default/nginx/web-0: address 10.0.0.1 → 10.0.0.8"), 1);
}

TEST_F(WatchHubTest, WhatChangesAndChangesBackUnreadIsNotTold) {
  WatchHub hub(cluster_.subject(), {.interval = absl::Milliseconds(1)});
  const auto slow = Watch(hub);
  const auto quick = Watch(hub);
  state::Service nginx = Headless("nginx");
  nginx.publish_not_ready = true;
  cluster_.Publish({nginx});
  EXPECT_GT(ReadUntil(hub, *quick, "service default/nginx: publishes pods that are not ready"), 0);
  cluster_.Publish({Headless("nginx"), Pod("nginx", "web-1", {"10.0.0.2"})});  // and it has another pod now
  EXPECT_GT(ReadUntil(hub, *quick, "pod default/nginx/web-1 is new: 10.0.0.2, ready"), 0);
  EXPECT_EQ(ReadUntil(hub, *slow, "pod default/nginx/web-1 is new: 10.0.0.2, ready"), 1);
}

TEST_F(WatchHubTest, IsBoundedAndSaysSo) {
  WatchHub hub(cluster_.subject(), {.watchers = 1, .changes = 4, .changes_a_message = 3});
  const auto watcher = Watch(hub);
  EXPECT_EQ(hub.Watch(Everything), nullptr) << "too many watch";
  std::vector<state::Op> ops;
  for (int i = 1; i <= 6; ++i) ops.emplace_back(Pod("nginx", "web-" + std::to_string(i), {"10.0.0.9"}));
  cluster_.Publish(std::move(ops));
  EXPECT_EQ(Next(hub, *watcher).changes_size(), 3);
  const WatchResponse rest = Next(hub, *watcher);
  EXPECT_EQ(rest.changes_size(), 1);
  EXPECT_EQ(rest.left_out(), 2);
  hub.Leave(watcher);
  EXPECT_NE(hub.Watch(Everything), nullptr);
}

TEST_F(WatchHubTest, StopEndsTheWaiting) {
  WatchHub hub(cluster_.subject());
  const auto watcher = Watch(hub);
  std::thread stopper([&] { hub.Stop(); });
  EXPECT_FALSE(hub.Next(*watcher, absl::InfiniteDuration()).has_value());
  stopper.join();
  EXPECT_TRUE(hub.stopped());
  EXPECT_EQ(hub.Watch(Everything), nullptr);
}

}  // namespace
}  // namespace podnamed::admin
