// What changes below a directory: inotify, with its events brought down to those that matter to a reader of files.
// A set of watched paths that is named anew at every reading of the directory. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace podnamed::controller {

class DirectoryWatch {
 public:
  struct Event {
    enum class Kind {
      kWriting,  // somebody writes into the file in place: what it holds now is half of something
      kWritten,  // and has closed it
      kTouched,  // its attributes have changed: it may be readable now
      kNamed,    // a name has come, gone or changed: of a file, directory or link
      kLost,     // the kernel's queue ran over: anything may have changed; `path` is empty
    };
    Kind kind;
    std::string path;
  };

  static absl::StatusOr<std::unique_ptr<DirectoryWatch>> Open();
  ~DirectoryWatch();
  DirectoryWatch(const DirectoryWatch&) = delete;
  DirectoryWatch& operator=(const DirectoryWatch&) = delete;

  // Readable when Read() has something.
  int descriptor() const { return descriptor_; }

  // Watches the directory, or the one file, at `path` (through symbolic links) at least until the next Sweep(). What
  // several paths lead to has its events under each of them.
  // Error: NOT_FOUND, or UNAVAILABLE with the reason.
  absl::Status Watch(const std::string& path);
  // Ends the watches that no Watch() has named since the last Sweep().
  void Sweep();

  // What has happened since the last call. Never waits.
  std::vector<Event> Read();

 private:
  explicit DirectoryWatch(int descriptor) : descriptor_(descriptor) {}

  struct Watched {
    absl::btree_set<std::string> paths;  // all its names: links lead to it under more than one
    bool is_named = false;               // since the last Sweep()
  };

  const int descriptor_;
  absl::flat_hash_map<int, Watched> watched_;  // by inotify's watch descriptor
};

}  // namespace podnamed::controller
