#include "server/base/cpu_limit.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace podnamed::base {
namespace {

// What the kernel shows of control groups, below a directory.
class CpuLimitTest : public testing::Test {
 protected:
  CpuLimitTest() { CPU_ZERO(&before_); }
  void SetUp() override {
    ASSERT_EQ(sched_getaffinity(0, sizeof before_, &before_), 0);
    if (CPU_COUNT(&before_) < 2) GTEST_SKIP() << "one CPU is no more than any limit";
  }
  void TearDown() override {
    sched_setaffinity(0, sizeof before_, &before_);
    std::filesystem::remove_all(root_);
  }

  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }

  int all() const { return CPU_COUNT(&before_); }
  const std::string& root() const { return root_; }

 private:
  const std::string root_ = testing::TempDir() + "cpu_limit_" + std::to_string(::getpid());
  cpu_set_t before_;
};

TEST_F(CpuLimitTest, WithoutGroupsItIsTheAffinity) {
  EXPECT_EQ(CpuLimit(root()), all());
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; CPU_COUNT(&one) == 0; ++cpu) {
    cpu_set_t all;
    ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(CpuLimit(root()), 1);
}

TEST_F(CpuLimitTest, AContainersOwnGroupIsTheRoot) {
  Write("/proc/self/cgroup", "0::/\n");
  Write("/sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(CpuLimit(root()), all());
  Write("/sys/fs/cgroup/cpu.max", "100000 100000\n");
  EXPECT_EQ(CpuLimit(root()), 1);
  Write("/sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_EQ(CpuLimit(root()), 2);
  Write("/sys/fs/cgroup/cpu.max", "10000 100000\n");
  EXPECT_EQ(CpuLimit(root()), 1);
}

TEST_F(CpuLimitTest, TheLeastOfTheGroupsAboveCounts) {
  Write("/proc/self/cgroup", "0::/system.slice/podnamed.service\n");
  Write("/sys/fs/cgroup/system.slice/podnamed.service/cpu.max", "max 100000\n");
  Write("/sys/fs/cgroup/system.slice/cpu.max", "50000 100000\n");
  EXPECT_EQ(CpuLimit(root()), 1);
}

TEST_F(CpuLimitTest, TheFirstVersionOfGroupsHasAQuotaToo) {
  Write("/proc/self/cgroup", "3:cpuset:/\n2:cpu,cpuacct:/kubepods/pod1\n0::/\n");
  Write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  Write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(CpuLimit(root()), all());
  Write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n");  // a container's: its path lies outside of what it sees
  EXPECT_EQ(CpuLimit(root()), 1);
}

TEST_F(CpuLimitTest, WhatCannotBeReadIsNoLimit) {
  Write("/proc/self/cgroup", "no group\n0:x\n1:cpu:relative\n");
  Write("/sys/fs/cgroup/cpu.max", "a b\n");
  EXPECT_EQ(CpuLimit(root()), all());
}

}  // namespace
}  // namespace podnamed::base
