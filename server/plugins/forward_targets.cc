#include "server/plugins/forward_targets.h"

#include "absl/algorithm/container.h"
#include "config/environment.h"
#include "server/base/log.h"

namespace podnamed::plugins {

void ForwardTargets::Reread() {
  std::vector<config::ForwardTarget> targets = options_.targets;
  std::vector<std::string> failed;
  for (const std::string& file : options_.files) {
    const absl::StatusOr<std::string> text = config::SystemEnvironment().ReadFile(file);
    const std::vector<config::ForwardTarget> read = text.ok() ? config::ReadResolvConf(*text) : targets;
    if (!text.ok() || read.empty()) {
      failed.push_back(file);
      continue;
    }
    for (const config::ForwardTarget& target : read) {
      if (!absl::c_linear_search(targets, target)) targets.push_back(target);
    }
  }
  if (targets.size() > config::kMaxForwardTargets) targets.resize(config::kMaxForwardTargets);

  absl::MutexLock lock(&mutex_);
  for (const std::string& file : failed) {
    if (absl::c_linear_search(failed_files_, file)) continue;
    base::LogWarning("forward", "{} names no name server any more; those that it named are asked as before", file);
  }
  failed_files_ = std::move(failed);
  if (!failed_files_.empty() || targets == targets_) return;
  targets_ = std::move(targets);
  version_.fetch_add(1, std::memory_order_release);
}

}  // namespace podnamed::plugins
