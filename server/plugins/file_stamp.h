// Has a file changed? By its size, time and inode. Values; any thread.
#pragma once

#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <string>

namespace podnamed::plugins {

// What tells one content from another.
struct FileStamp {
  int64_t size = 0;
  int64_t modified = 0;  // nanoseconds since the Unix epoch
  uint64_t inode = 0;
  int error = 0;  // of the look; the rest is 0 then

  static FileStamp Of(const std::string& path) {
    struct stat file = {};
    if (stat(path.c_str(), &file) != 0) return {.error = errno};
    return {.size = file.st_size,
            .modified = int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec,
            .inode = file.st_ino};
  }

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

}  // namespace podnamed::plugins
