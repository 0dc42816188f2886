#include "server/state/look_ahead.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "server/state/snapshot_builder.h"
#include "server/testing/entities.h"

namespace podnamed::state {
namespace {

// Memory that is only asked for leaves no trace: what can be seen is that every kind of way has an end, wherever it
// leads, and that the sanitizers have nothing to say of what is read on it.
class LookAheadTest : public ::testing::Test {
 protected:
  LookAheadTest() {
    std::vector<Op> ops = {Namespace{"default", 1}, podnamed::testing::Headless("nginx"),
                           podnamed::testing::Headless("twin"), podnamed::testing::ClusterIp("api", {"10.96.0.1"}),
                           Pod{"default", "loner", 3, podnamed::testing::Addresses({"10.0.9.9"})}};
    for (int i = 0; i < 200; ++i) {
      const std::string number = std::to_string(i);
      const std::string ipv4 = "10.0.0." + number;
      const std::string ipv6 = "fd00::" + number;
      ops.emplace_back(podnamed::testing::Pod("nginx", "web-" + number, {ipv4, ipv6}));
    }
    ops.emplace_back(podnamed::testing::Pod("twin", "web-7", {"10.0.0.7"}));
    SnapshotBuilder builder;
    builder.Add(std::move(ops));
    snapshot_ = builder.Build({}, absl::UnixEpoch());
  }

  void ExpectEverything(const Snapshot& snapshot) {
    for (const std::string_view service : {"nginx", "twin", "api", "none"}) {
      for (const std::string_view label : {"", "web-0", "web-7", "web-199", "none"}) {
        ahead_.ExpectService(snapshot, "default", service, /*clusterset=*/false, label);
        ahead_.ExpectService(snapshot, "none", service, /*clusterset=*/true, label);
      }
    }
    ahead_.Fetch();
    // Of a pod, of two, of a service, of a pod without one, of nobody.
    for (const std::string_view address : {"10.0.0.5", "fd00::5", "10.0.0.7", "10.96.0.1", "10.0.9.9", "192.0.2.1"}) {
      ahead_.ExpectAddress(snapshot, *base::ParseIpAddress(address));
    }
    ahead_.Fetch();
  }

  std::unique_ptr<const Snapshot> snapshot_;
  LookAhead ahead_;
};

TEST_F(LookAheadTest, EveryWayHasAnEnd) {
  ExpectEverything(*snapshot_);
  ExpectEverything(Snapshot());
  ahead_.Fetch();
}

TEST_F(LookAheadTest, TakesNoMoreThanItCanHold) {
  for (size_t i = 0; i < 3 * LookAhead::kMost; ++i) {
    ahead_.ExpectService(*snapshot_, "default", "nginx", false, "web-1");
    ahead_.ExpectAddress(*snapshot_, *base::ParseIpAddress("10.0.0.1"));
  }
  ahead_.Fetch();
}

TEST_F(LookAheadTest, ForgetsASnapshotThatItHasLookedInto) {
  ahead_.ExpectService(*snapshot_, "default", "nginx", false, "web-1");
  ahead_.Fetch();
  snapshot_.reset();
  ahead_.Fetch();
}

}  // namespace
}  // namespace podnamed::state
