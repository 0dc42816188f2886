#include "controller/source/manifest_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/container/flat_hash_set.h"

namespace podnamed::controller {
namespace {

constexpr int kMaxDepth = 32;

int64_t ToNanoseconds(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

bool IsManifestName(std::string_view name) {
  return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

std::string Reason(int error) { return std::generic_category().message(error); }

class Finder {
 public:
  explicit Finder(absl::FunctionRef<void(const std::string&)> on_visit) : on_visit_(on_visit) {}

  // Returns errno, 0 for success.
  int Visit(const std::string& directory, int depth);
  ManifestFiles Finish() {
    std::sort(found_.files.begin(), found_.files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return std::move(found_);
  }

 private:
  void VisitEntry(const std::string& path, std::string_view name, int depth);

  absl::FunctionRef<void(const std::string&)> on_visit_;
  absl::flat_hash_set<std::pair<dev_t, ino_t>> visited_;
  ManifestFiles found_;
};

int Finder::Visit(const std::string& directory, int depth) {
  on_visit_(directory);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(directory.c_str()), closedir);
  if (stream == nullptr) return errno;
  // By the name of an entry: where those may be listed and not be asked for, no file would be found.
  struct stat status;
  if (stat((directory + "/.").c_str(), &status) != 0) return errno;
  if (!visited_.emplace(status.st_dev, status.st_ino).second) return 0;

  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = readdir(stream.get());
    if (entry == nullptr) break;
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  if (errno != 0) return errno;
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) VisitEntry(directory + "/" + name, name, depth);
  return 0;
}

void Finder::VisitEntry(const std::string& path, std::string_view name, int depth) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    const bool is_nothing = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;  // gone, or a link to nothing
    if (!is_nothing) found_.unreadable.emplace_back(path, Reason(errno));
    return;
  }
  if (S_ISDIR(status.st_mode)) {
    const int error = depth < kMaxDepth ? Visit(path, depth + 1) : ELOOP;
    if (error != 0 && error != ENOENT) found_.unreadable.emplace_back(path, Reason(error));
    return;
  }
  if (!S_ISREG(status.st_mode) || !IsManifestName(name)) return;
  struct stat link;
  if (lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode)) on_visit_(path);
  if (!visited_.emplace(status.st_dev, status.st_ino).second) return;
  found_.files.push_back({path,
                          {.device = status.st_dev,
                           .inode = status.st_ino,
                           .size = status.st_size,
                           .modified_ns = ToNanoseconds(status.st_mtim),
                           .changed_ns = ToNanoseconds(status.st_ctim)}});
}

}  // namespace

absl::StatusOr<ManifestFiles> FindManifestFiles(const std::string& directory,
                                                absl::FunctionRef<void(const std::string& path)> on_visit) {
  Finder finder(on_visit);
  if (const int error = finder.Visit(directory, 0)) {
    return absl::FailedPreconditionError(
        fmt::format("{}: found {}, expected a directory that can be read", directory, Reason(error)));
  }
  return finder.Finish();
}

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_size) {
  // Without O_NONBLOCK the open of a pipe that took the file's place would wait for a writer.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0 && errno == ENOENT) return absl::NotFoundError(path);
  if (descriptor < 0) return absl::UnavailableError(fmt::format("{}: cannot be read: {}", path, Reason(errno)));
  const auto close_file = absl::MakeCleanup([descriptor] { close(descriptor); });
  struct stat status;
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    return absl::UnavailableError(fmt::format("{}: found no regular file", path));
  }
  std::string text;
  // One octet more than allowed tells a file that is too large, also one that grows.
  const size_t limit = max_size + 1;
  text.resize(std::min(limit, static_cast<size_t>(status.st_size) + 1));
  size_t size = 0;
  while (size < limit) {
    if (size == text.size()) text.resize(std::min(limit, text.size() * 2));
    const ssize_t count = read(descriptor, text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return absl::UnavailableError(fmt::format("{}: cannot be read: {}", path, Reason(errno)));
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  if (size == limit) {
    return absl::InvalidArgumentError(
        fmt::format("{}:1:1: found more than {} octets, expected at most that many in one file", path, max_size));
  }
  text.resize(size);
  return text;
}

}  // namespace podnamed::controller
