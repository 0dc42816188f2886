#include "server/plugins/forward_targets.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "server/base/log.h"

namespace podnamed::plugins {

ForwardTargets::ForwardTargets(const config::ForwardOptions& options, absl::Duration interval)
    : fixed_(options.targets), files_(options.files), of_files_(files_.size()) {
  for (size_t i = 0; i < files_.size(); ++i) {
    watches_.push_back(std::make_unique<FileWatch>(
        std::vector{files_[i]}, interval, [this, i](const FileWatch::Contents& contents) { Read(i, contents.front()); },
        [] {}));
  }
}

void ForwardTargets::Read(size_t file, const absl::StatusOr<std::string>& content) {
  std::vector<config::ForwardTarget> read;
  if (content.ok()) read = config::ReadResolvConf(*content);
  if (read.empty()) {
    base::LogWarning("plugin/forward", "{} {}; the name servers that it named before are asked", files_[file],
                     content.ok() ? "names no name server" : std::string(content.status().message()));
    return;
  }
  const absl::MutexLock lock(&mutex_);
  if (of_files_[file] == read) return;
  of_files_[file] = std::move(read);
  version_.fetch_add(1, std::memory_order_release);
}

std::vector<config::ForwardTarget> ForwardTargets::targets() const {
  std::vector<config::ForwardTarget> targets = fixed_;
  const absl::MutexLock lock(&mutex_);
  for (const auto& read : of_files_) {
    for (const config::ForwardTarget& target : read) {
      if (!absl::c_linear_search(targets, target)) targets.push_back(target);
    }
  }
  if (targets.size() > config::kMaxForwardTargets) targets.resize(config::kMaxForwardTargets);
  return targets;
}

}  // namespace podnamed::plugins
