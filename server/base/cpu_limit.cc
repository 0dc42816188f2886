#include "server/base/cpu_limit.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace podnamed::base {
namespace {

// All of its words; none where it cannot be read.
std::vector<std::string> WordsOf(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> words;
  for (std::string word; file >> word;) words.push_back(word);
  return words;
}

// CPUs of a quota and its period, both in microseconds. "max" and -1 are no limit.
std::optional<double> CpusOf(absl::string_view quota, absl::string_view period) {
  double use = 0;
  double of = 0;
  if (!absl::SimpleAtod(quota, &use) || !absl::SimpleAtod(period, &of) || use <= 0 || of <= 0) return std::nullopt;
  return use / of;
}

// Of one control group itself.
std::optional<double> QuotaOf(const std::string& directory) {
  if (const auto v2 = WordsOf(directory + "/cpu.max"); v2.size() == 2) return CpusOf(v2[0], v2[1]);
  const auto quota = WordsOf(directory + "/cpu.cfs_quota_us");
  const auto period = WordsOf(directory + "/cpu.cfs_period_us");
  return quota.empty() || period.empty() ? std::nullopt : CpusOf(quota[0], period[0]);
}

// The least of the group at `path` and those above it. A container sees its own group as the root, whatever its path
// is.
double Quota(const std::string& mount, std::string path) {
  double least = std::numeric_limits<double>::infinity();
  while (true) {
    least = std::min(least, QuotaOf(mount + path).value_or(least));
    if (path.empty()) return least;
    path.resize(path.rfind('/'));
  }
}

// cgroups(7), /proc/[pid]/cgroup: "hierarchy:controllers:path", without controllers for v2.
double Quota(const std::string& root) {
  double least = std::numeric_limits<double>::infinity();
  for (const std::string& group : WordsOf(root + "/proc/self/cgroup")) {
    const std::vector<absl::string_view> fields = absl::StrSplit(group, absl::MaxSplits(':', 2));
    if (fields.size() != 3 || !absl::StartsWith(fields[2], "/")) continue;
    const std::vector<absl::string_view> controllers = absl::StrSplit(fields[1], ',');
    const std::string path = fields[2] == "/" ? "" : std::string(fields[2]);
    if (fields[1].empty()) least = std::min(least, Quota(root + "/sys/fs/cgroup", path));
    if (absl::c_linear_search(controllers, "cpu")) least = std::min(least, Quota(root + "/sys/fs/cgroup/cpu", path));
  }
  return least;
}

int Affinity() {
  cpu_set_t cpus;
  return sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
}

}  // namespace

int CpuLimit(const std::string& root) {
  const double cpus = std::min(static_cast<double>(Affinity()), std::ceil(Quota(root)));
  return std::max(1, static_cast<int>(cpus));
}

}  // namespace podnamed::base
