#include "server/web/process_metrics.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"

namespace podnamed::web {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

std::string ReadWhole(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<double> ParseNumber(const std::string& text) {
  double value = 0;
  if (!absl::SimpleAtod(text, &value)) return std::nullopt;
  return value;
}

MetricFamily Family(std::string name, std::string help, MetricType type, double value) {
  ClientMetric metric;
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return {std::move(name), std::move(help), type, {metric}};
}

// proc_pid_stat(5): what stands behind the name of the program, which may hold anything, begins with field 3.
class Stat {
 public:
  Stat() {
    const std::string text = ReadWhole("/proc/self/stat");
    const size_t end_of_name = text.rfind(')');
    if (end_of_name == std::string::npos) return;
    std::istringstream rest(text.substr(end_of_name + 1));
    fields_.assign(std::istream_iterator<std::string>(rest), {});
  }
  std::optional<double> field(size_t number) const {
    const size_t index = number - 3;
    if (index >= fields_.size()) return std::nullopt;
    return ParseNumber(fields_[index]);
  }

 private:
  std::vector<std::string> fields_;
};

// When the machine started, in seconds since the Unix epoch: what a process's start time counts from.
std::optional<double> BootTime() {
  const std::string stat = ReadWhole("/proc/stat");
  constexpr std::string_view kWord = "\nbtime ";
  const size_t at = stat.find(kWord);
  if (at == std::string::npos) return std::nullopt;
  const size_t begin = at + kWord.size();
  return ParseNumber(stat.substr(begin, stat.find('\n', begin) - begin));
}

std::optional<double> OpenDescriptors() {
  std::error_code error;
  std::filesystem::directory_iterator entries("/proc/self/fd", error);
  if (error) return std::nullopt;
  double count = -1;  // the one that reads the directory is no other's
  for (; entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    if (error) return std::nullopt;
    ++count;
  }
  return count;
}

std::optional<double> MaxDescriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

std::vector<MetricFamily> ProcessMetrics::Collect() const {
  constexpr size_t kUserTime = 14, kSystemTime = 15, kStartTime = 22, kVirtualSize = 23, kResidentPages = 24;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  const Stat stat;
  const std::optional<double> user = stat.field(kUserTime), system = stat.field(kSystemTime);
  const std::optional<double> start = stat.field(kStartTime), boot = BootTime();
  const std::optional<double> size = stat.field(kVirtualSize), resident = stat.field(kResidentPages);
  const std::optional<double> open = OpenDescriptors(), max = MaxDescriptors();

  std::vector<MetricFamily> families;
  if (user && system) {
    families.push_back(Family("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
                              MetricType::Counter, (*user + *system) / ticks));
  }
  if (max) {
    families.push_back(Family("process_max_fds", "Maximum number of open file descriptors.", MetricType::Gauge, *max));
  }
  if (open) {
    families.push_back(Family("process_open_fds", "Number of open file descriptors.", MetricType::Gauge, *open));
  }
  if (resident) {
    families.push_back(
        Family("process_resident_memory_bytes", "Resident memory size in bytes.", MetricType::Gauge, *resident * page));
  }
  if (start && boot) {
    families.push_back(Family("process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
                              MetricType::Gauge, *boot + *start / ticks));
  }
  if (size) {
    families.push_back(
        Family("process_virtual_memory_bytes", "Virtual memory size in bytes.", MetricType::Gauge, *size));
  }
  return families;
}

}  // namespace podnamed::web
