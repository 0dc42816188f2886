#include "server/plugins/file_watch.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "config/environment.h"

namespace podnamed::plugins {

FileWatch::FileWatch(std::string path, absl::Duration interval, OnChange on_change, OnLook on_look)
    : path_(std::move(path)), interval_(interval), on_change_(std::move(on_change)), on_look_(std::move(on_look)) {
  ReadIfChanged();
  if (interval_ > absl::ZeroDuration()) thread_ = std::thread([this] { Run(); });
}

FileWatch::~FileWatch() {
  if (!thread_.joinable()) return;
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

FileWatch::Stamp FileWatch::Look() const {
  struct stat file = {};
  if (stat(path_.c_str(), &file) != 0) return {.error = errno};
  return {.size = file.st_size,
          .modified = int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec,
          .inode = file.st_ino};
}

// A file that changes while it is read has another stamp than the one from before: it is read again.
void FileWatch::ReadIfChanged() {
  const Stamp stamp = Look();
  if (seen_ == stamp) return;
  seen_ = stamp;
  on_change_(config::SystemEnvironment().ReadFile(path_));
}

void FileWatch::Run() {
  while (true) {
    {
      const absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), interval_)) return;
    }
    ReadIfChanged();
    on_look_();
  }
}

}  // namespace podnamed::plugins
