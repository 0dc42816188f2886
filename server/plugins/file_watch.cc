#include "server/plugins/file_watch.h"

#include <utility>

#include "config/environment.h"

namespace podnamed::plugins {

FileWatch::FileWatch(std::string path, absl::Duration interval, OnChange on_change, OnLook on_look)
    : path_(std::move(path)), on_change_(std::move(on_change)), on_look_(std::move(on_look)) {
  ReadIfChanged();
  ticker_.emplace(interval, [this] {
    ReadIfChanged();
    on_look_();
  });
}

// A file that changes while it is read has another stamp than the one from before: it is read again.
void FileWatch::ReadIfChanged() {
  const FileStamp stamp = FileStamp::Of(path_);
  if (seen_ == stamp) return;
  seen_ = stamp;
  on_change_(config::SystemEnvironment().ReadFile(path_));
}

}  // namespace podnamed::plugins
