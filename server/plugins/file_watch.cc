#include "server/plugins/file_watch.h"

#include <utility>

#include "config/environment.h"

namespace podnamed::plugins {

FileWatch::FileWatch(std::vector<std::string> paths, absl::Duration interval, OnChange on_change, OnLook on_look)
    : paths_(std::move(paths)), on_change_(std::move(on_change)), on_look_(std::move(on_look)) {
  ReadIfChanged();
  ticker_.emplace(interval, [this] {
    ReadIfChanged();
    on_look_();
  });
}

// A file that changes while it is read has another stamp than the one from before: all are read again.
void FileWatch::ReadIfChanged() {
  std::vector<FileStamp> stamps;
  for (const std::string& path : paths_) stamps.push_back(FileStamp::Of(path));
  if (seen_ == stamps) return;
  seen_ = std::move(stamps);
  Contents contents;
  for (const std::string& path : paths_) contents.push_back(config::SystemEnvironment().ReadFile(path));
  on_change_(contents);
}

}  // namespace podnamed::plugins
