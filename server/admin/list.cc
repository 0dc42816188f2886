#include "server/admin/list.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "server/admin/objects.h"

namespace podnamed::admin {
namespace {

using inspect::v1::ListPodsResponse;
using inspect::v1::ListServicesResponse;
using state::ServiceBlock;
using state::Snapshot;
using state::SnapshotReader;

bool HasRoom(const ListPodsResponse& response) { return static_cast<size_t>(response.pods_size()) < kListPiece; }

}  // namespace

ServiceLister::ServiceLister(const state::SnapshotHolder& holder, std::string namespace_name) : holder_(holder) {
  SnapshotReader reader(holder_);
  const Snapshot* const snapshot = reader.Current();
  if (snapshot == nullptr) return;
  snapshot->ForEachService([&](const ServiceBlock& block) {
    if (!block.has_service()) return;
    if (!namespace_name.empty() && block.namespace_name() != namespace_name) return;
    names_.emplace_back(block.namespace_name(), block.name(), block.clusterset());
  });
  std::sort(names_.begin(), names_.end());
}

std::optional<ListServicesResponse> ServiceLister::Next() {
  if (done_) return std::nullopt;
  ListServicesResponse response;
  SnapshotReader reader(holder_);
  if (const Snapshot* const snapshot = reader.Current()) {
    *response.mutable_position() = MakePosition(snapshot->position());
    while (next_ < names_.size() && static_cast<size_t>(response.services_size()) < kListPiece) {
      const auto& [namespace_name, name, clusterset] = names_[next_++];
      const ServiceBlock* const block = snapshot->FindService(namespace_name, name, clusterset);
      if (block != nullptr && block->has_service()) *response.add_services() = MakeService(*block);
    }
  }
  done_ = next_ >= names_.size();
  return response;
}

PodLister::PodLister(const state::SnapshotHolder& holder, std::string namespace_name) : holder_(holder) {
  SnapshotReader reader(holder_);
  const Snapshot* const snapshot = reader.Current();
  if (snapshot == nullptr) return;
  const auto is_wanted = [&](std::string_view name) { return namespace_name.empty() || name == namespace_name; };
  snapshot->ForEachService([&](const ServiceBlock& block) {
    if (is_wanted(block.namespace_name()) && block.identity_count() > 0) {
      groups_.push_back({std::string(block.namespace_name()), std::string(block.name()), block.clusterset(), {}});
    }
  });
  std::map<std::string, Group> without;  // by namespace
  snapshot->ForEachPod([&](const state::Pod& pod) {
    if (!is_wanted(pod.namespace_name)) return;
    Group& group = without[pod.namespace_name];
    group.namespace_name = pod.namespace_name;
    group.pods.push_back(pod.name);
  });
  for (auto& [name, group] : without) {
    std::sort(group.pods.begin(), group.pods.end(), state::OrdinalLess);
    groups_.push_back(std::move(group));
  }
  std::sort(groups_.begin(), groups_.end(), [](const Group& a, const Group& b) {
    return std::tie(a.namespace_name, a.service, a.clusterset) < std::tie(b.namespace_name, b.service, b.clusterset);
  });
}

std::optional<ListPodsResponse> PodLister::Next() {
  if (done_) return std::nullopt;
  ListPodsResponse response;
  SnapshotReader reader(holder_);
  if (const Snapshot* const snapshot = reader.Current()) {
    *response.mutable_position() = MakePosition(snapshot->position());
    while (next_ < groups_.size()) {
      const Group& group = groups_[next_];
      const bool is_done =
          group.service.empty() ? AddPods(group, *snapshot, response) : AddService(group, *snapshot, response);
      if (!is_done) return response;
      ++next_;
      next_pod_ = 0;
      last_name_.clear();
    }
  }
  done_ = true;
  return response;
}

bool PodLister::AddService(const Group& group, const Snapshot& snapshot, ListPodsResponse& response) {
  const ServiceBlock* const block = snapshot.FindService(group.namespace_name, group.service, group.clusterset);
  if (block == nullptr) return true;
  // The service may be another one than at the last piece: on behind the last name.
  size_t from = 0;
  size_t behind = block->identity_count();
  while (!last_name_.empty() && from < behind) {
    const size_t middle = from + (behind - from) / 2;
    if (state::OrdinalLess(last_name_, block->identity(middle).name())) {
      behind = middle;
    } else {
      from = middle + 1;
    }
  }
  for (; from < block->identity_count(); ++from) {
    if (!HasRoom(response)) return false;
    const ServiceBlock::Identity identity = block->identity(from);
    *response.add_pods() = MakePod(*block, identity);
    last_name_ = identity.name();
  }
  return true;
}

bool PodLister::AddPods(const Group& group, const Snapshot& snapshot, ListPodsResponse& response) {
  for (; next_pod_ < group.pods.size(); ++next_pod_) {
    if (!HasRoom(response)) return false;
    const state::Pod* const pod = snapshot.FindPod(group.namespace_name, group.pods[next_pod_]);
    if (pod != nullptr) *response.add_pods() = MakePod(*pod);
  }
  return true;
}

}  // namespace podnamed::admin
