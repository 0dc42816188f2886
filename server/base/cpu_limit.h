// How many CPUs this process may use: those of its affinity (sched_getaffinity(2), which cpusets narrow), and no more
// than the quota of its control group (cpu.max of cgroup v2, cpu.cfs_quota_us of v1: `resources.limits.cpu` of a
// container). More threads than that would wait for each other with queries in their hands. Any thread.
#pragma once

#include <string>

namespace podnamed::base {

// At least 1; a part of a CPU counts as one. The files are those below `root`, for tests.
int CpuLimit(const std::string& root = "");

}  // namespace podnamed::base
