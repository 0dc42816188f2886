// Reads a file, and reads it again when it has changed, on a thread of its own, so that no query waits for a disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace podnamed::plugins {

class FileWatch {
 public:
  // The file's content, or why it cannot be read: said once, until it changes.
  using OnChange = absl::AnyInvocable<void(absl::StatusOr<std::string> content)>;
  // After each look at the file.
  using OnLook = absl::AnyInvocable<void()>;

  // Calls `on_change` once before this returns, later on the watch's thread. A change is seen by the file's size, time
  // and inode, at most `interval` late; zero: nobody looks again.
  FileWatch(std::string path, absl::Duration interval, OnChange on_change, OnLook on_look);
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;
  // Waits for the thread, which is asleep or reading the file.
  ~FileWatch();

 private:
  // What tells one content from another.
  struct Stamp {
    int64_t size = 0;
    int64_t modified = 0;  // nanoseconds since the Unix epoch
    uint64_t inode = 0;
    int error = 0;  // of the look; the rest is 0 then

    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  Stamp Look() const;
  void ReadIfChanged();
  void Run();

  const std::string path_;
  const absl::Duration interval_;
  OnChange on_change_;
  OnLook on_look_;
  std::optional<Stamp> seen_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace podnamed::plugins
