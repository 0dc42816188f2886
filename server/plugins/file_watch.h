// Reads a file, and reads it again when it has changed, on a thread of its own, so that no query waits for a disk.
#pragma once

#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/plugins/file_stamp.h"
#include "server/plugins/ticker.h"

namespace podnamed::plugins {

class FileWatch {
 public:
  // The file's content, or why it cannot be read: said once, until it changes.
  using OnChange = absl::AnyInvocable<void(absl::StatusOr<std::string> content)>;
  // After each look at the file.
  using OnLook = absl::AnyInvocable<void()>;

  // Calls `on_change` once before this returns, later on the watch's thread. A change is seen by the file's stamp, at
  // most `interval` late; zero: nobody looks again.
  FileWatch(std::string path, absl::Duration interval, OnChange on_change, OnLook on_look);

 private:
  void ReadIfChanged();

  const std::string path_;
  OnChange on_change_;
  OnLook on_look_;
  std::optional<FileStamp> seen_;
  std::optional<Ticker> ticker_;  // goes first
};

}  // namespace podnamed::plugins
