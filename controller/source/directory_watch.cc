#include "controller/source/directory_watch.h"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <utility>

namespace podnamed::controller {
namespace {

constexpr uint32_t kWatched = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO |
                              IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr size_t kBufferSize = 64 << 10;

std::string Reason(int error) {
  // The kernel's own words for its limit, "No space left on device", mislead.
  if (error == ENOSPC) return "the limit fs.inotify.max_user_watches is reached";
  if (error == EMFILE) return "the limit fs.inotify.max_user_instances is reached";
  return std::generic_category().message(error);
}

DirectoryWatch::Event::Kind KindOf(uint32_t mask) {
  using Kind = DirectoryWatch::Event::Kind;
  if (mask & IN_MODIFY) return Kind::kWriting;
  if (mask & IN_CLOSE_WRITE) return Kind::kWritten;
  if (mask & IN_ATTRIB) return Kind::kTouched;
  return Kind::kNamed;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DirectoryWatch>> DirectoryWatch::Open() {
  const int descriptor = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (descriptor < 0) return absl::ResourceExhaustedError(fmt::format("cannot watch for changes: {}", Reason(errno)));
  return std::unique_ptr<DirectoryWatch>(new DirectoryWatch(descriptor));
}

DirectoryWatch::~DirectoryWatch() { close(descriptor_); }

absl::Status DirectoryWatch::Watch(const std::string& path) {
  const int watch = inotify_add_watch(descriptor_, path.c_str(), kWatched);
  if (watch < 0 && errno == ENOENT) return absl::NotFoundError(path);
  if (watch < 0) return absl::UnavailableError(fmt::format("{}: cannot be watched: {}", path, Reason(errno)));
  Watched& watched = watched_[watch];
  if (!std::exchange(watched.is_named, true)) watched.paths.clear();
  watched.paths.insert(path);
  return absl::OkStatus();
}

void DirectoryWatch::Sweep() {
  absl::erase_if(watched_, [&](auto& watched) {
    const bool was_named = std::exchange(watched.second.is_named, false);
    if (!was_named) inotify_rm_watch(descriptor_, watched.first);
    return !was_named;
  });
}

std::vector<DirectoryWatch::Event> DirectoryWatch::Read() {
  std::vector<Event> events;
  alignas(inotify_event) char buffer[kBufferSize];
  while (true) {
    const ssize_t size = read(descriptor_, buffer, sizeof(buffer));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return events;
    for (size_t at = 0; at < static_cast<size_t>(size);) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof(event));
      const char* name = buffer + at + sizeof(event);
      at += sizeof(event) + event.len;
      if (event.mask & IN_Q_OVERFLOW) {
        events.push_back({Event::Kind::kLost, ""});
        continue;
      }
      const auto watched = watched_.find(event.wd);
      if (watched == watched_.end()) continue;  // of a watch that Sweep() has ended
      if (event.mask & IN_IGNORED) {
        watched_.erase(watched);  // the kernel ended it, with the directory
        continue;
      }
      for (const std::string& path : watched->second.paths) {
        events.push_back({KindOf(event.mask), event.len > 0 ? fmt::format("{}/{}", path, name) : path});
      }
    }
  }
}

}  // namespace podnamed::controller
