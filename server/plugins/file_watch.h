// Reads files, and reads them again when one has changed, on a thread of its own, so that no query waits for a disk.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/plugins/file_stamp.h"
#include "server/plugins/ticker.h"

namespace podnamed::plugins {

class FileWatch {
 public:
  // The content of each file, or why it cannot be read: said once, until one of them changes.
  using Contents = std::vector<absl::StatusOr<std::string>>;
  using OnChange = absl::AnyInvocable<void(const Contents& contents)>;
  // After each look at the files.
  using OnLook = absl::AnyInvocable<void()>;

  // Calls `on_change` once before this returns, later on the watch's thread. A change is seen by a file's stamp, at
  // most `interval` late; zero: nobody looks again.
  FileWatch(std::vector<std::string> paths, absl::Duration interval, OnChange on_change, OnLook on_look);

 private:
  void ReadIfChanged();

  const std::vector<std::string> paths_;
  OnChange on_change_;
  OnLook on_look_;
  std::optional<std::vector<FileStamp>> seen_;
  std::optional<Ticker> ticker_;  // goes first
};

}  // namespace podnamed::plugins
