#include "server/state/look_ahead.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "server/state/snapshot_builder.h"
#include "server/testing/entities.h"

namespace podnamed::state {
namespace {

// Memory that is only asked for leaves no trace: what can be seen is where a way leads, and that the sanitizers have
// nothing to say of what is read on it.
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

  // Whether the way leads there.
  bool Leads(std::string_view namespace_name, std::string_view service, bool clusterset, std::string_view label) {
    ahead_.ExpectService(*snapshot_, namespace_name, service, clusterset, label);
    return ahead_.Fetch() == 1;
  }
  bool Leads(std::string_view address) {
    ahead_.ExpectAddress(*snapshot_, *base::ParseIpAddress(address));
    return ahead_.Fetch() == 1;
  }

  std::unique_ptr<const Snapshot> snapshot_;
  LookAhead ahead_;
};

TEST_F(LookAheadTest, LeadsToServicesAndWhoBearsALabel) {
  EXPECT_TRUE(Leads("default", "nginx", false, ""));
  EXPECT_TRUE(Leads("default", "nginx", false, "web-199"));
  EXPECT_TRUE(Leads("default", "twin", false, "web-7"));
  EXPECT_TRUE(Leads("default", "api", false, ""));
  EXPECT_FALSE(Leads("default", "twin", false, "web-8"));
  // A service that there is not may lead to another, which has no such label either.
  EXPECT_FALSE(Leads("default", "none", false, "nobody"));
  EXPECT_FALSE(Leads("default", "nginx", true, "nobody"));
}

TEST_F(LookAheadTest, LeadsToWhoHasAnAddress) {
  EXPECT_TRUE(Leads("10.0.0.5"));
  EXPECT_TRUE(Leads("fd00::5"));
  EXPECT_FALSE(Leads("10.0.0.7")) << "two services know it: which is asked first is not known here";
  EXPECT_FALSE(Leads("10.96.0.1")) << "the service's own: no identity has it";
  EXPECT_FALSE(Leads("10.0.9.9")) << "a pod without a service";
  EXPECT_FALSE(Leads("192.0.2.1"));
}

TEST_F(LookAheadTest, AnEmptyClusterLeadsNowhere) {
  snapshot_ = std::make_unique<Snapshot>();
  EXPECT_FALSE(Leads("default", "nginx", false, "web-1"));
  EXPECT_FALSE(Leads("10.0.0.5"));
}

TEST_F(LookAheadTest, TakesNoMoreThanItCanHold) {
  for (size_t i = 0; i < 3 * LookAhead::kMost; ++i) {
    ahead_.ExpectService(*snapshot_, "default", "nginx", false, "web-1");
    ahead_.ExpectAddress(*snapshot_, *base::ParseIpAddress("10.0.0.1"));
  }
  EXPECT_EQ(ahead_.Fetch(), LookAhead::kMost);
}

TEST_F(LookAheadTest, ForgetsASnapshotThatItHasLookedInto) {
  ahead_.ExpectService(*snapshot_, "default", "nginx", false, "web-1");
  ahead_.Fetch();
  snapshot_.reset();
  EXPECT_EQ(ahead_.Fetch(), 0U);
}

}  // namespace
}  // namespace podnamed::state
