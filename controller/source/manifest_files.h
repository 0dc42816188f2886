// Which manifest files lie below a directory? Follows symbolic links, so that a mounted ConfigMap (the kubelet's
// layout: a.yaml → ..data/a.yaml, ..data → ..2026_07_30) reads like any directory. Any thread; reads the file system.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace podnamed::controller {

// Which file, and which version of it.
struct FileVersion {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;
  friend bool operator==(const FileVersion&, const FileVersion&) = default;
  bool IsOfSameFile(const FileVersion& other) const { return device == other.device && inode == other.inode; }
};

struct ManifestFile {
  std::string path;  // below the directory as it was given
  FileVersion version;
};

struct ManifestFiles {
  std::vector<ManifestFile> files;  // by path
  // What could not be read, with the reason: whether a file is there or, of a directory, what lies below is not known.
  std::vector<std::pair<std::string, std::string>> unreadable;
};

// The files named *.yaml, *.yml and *.json at and below `directory`; hidden ones (".…", so also ..data and editors'
// swap files) are none. A file or directory that several names reach is visited once, by the first name. `on_visit` is
// called for every directory before it is read, and for every file that is a symbolic link: whoever watches from there
// on misses nothing. Error: `directory` itself cannot be read.
absl::StatusOr<ManifestFiles> FindManifestFiles(const std::string& directory,
                                                absl::FunctionRef<void(const std::string& path)> on_visit);

// The text of a regular file of at most `max_size` octets. Error: NOT_FOUND, or a sentence that begins with the path.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_size);

}  // namespace podnamed::controller
