#include "server/admin/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "server/state/snapshot_holder.h"

namespace podnamed::admin {
namespace {

using state::ServiceBlock;

Client PodIn(const ClusterSubject& cluster, const base::IpAddress& address, std::string_view namespace_name,
             std::string_view pod) {
  return {
      .address = address, .namespace_name = std::string(namespace_name), .pod = std::string(pod), .cluster = &cluster};
}

// Everybody with that name in the cluster: once for each namespace.
class PodSearch {
 public:
  PodSearch(const ClusterSubject& cluster, std::string_view namespace_name, std::string_view name)
      : cluster_(cluster), namespace_name_(namespace_name), name_(name) {}

  std::vector<Client> Run() {
    state::SnapshotReader reader(*cluster_.holder);
    const state::Snapshot* const snapshot = reader.Current();
    if (snapshot == nullptr) return {};
    snapshot->ForEachService([&](const ServiceBlock& block) {
      if (block.clusterset() || (!namespace_name_.empty() && block.namespace_name() != namespace_name_)) return;
      const size_t index = block.IndexOfName(name_);
      if (index == block.identity_count()) return;
      const ServiceBlock::Identity identity = block.identity(index);
      if (!identity.is_pod()) return;
      if (!identity.ipv4().empty()) {
        Add(base::IpAddress(identity.ipv4()[0]), block.namespace_name());
      } else if (!identity.ipv6().empty()) {
        Add(base::IpAddress(identity.ipv6()[0]), block.namespace_name());
      }
    });
    snapshot->ForEachPod([&](const state::Pod& pod) {
      if (pod.name != name_ || (!namespace_name_.empty() && pod.namespace_name != namespace_name_)) return;
      if (!pod.addresses.empty()) Add(pod.addresses[0], pod.namespace_name);
    });
    return std::move(found_);
  }

 private:
  void Add(const base::IpAddress& address, std::string_view namespace_name) {
    if (!namespaces_.emplace(namespace_name).second) return;  // the same pod in another service
    found_.push_back(PodIn(cluster_, address, namespace_name, name_));
  }

  const ClusterSubject& cluster_;
  const std::string_view namespace_name_;
  const std::string_view name_;
  std::set<std::string, std::less<>> namespaces_;
  std::vector<Client> found_;
};

std::optional<Client> PodWithAddress(const ClusterSubject& cluster, const base::IpAddress& address) {
  state::SnapshotReader reader(*cluster.holder);
  const state::Snapshot* const snapshot = reader.Current();
  std::optional<Client> found;
  if (snapshot == nullptr) return found;
  snapshot->ForEachPodWithAddress(address, [&](std::string_view namespace_name, std::string_view name) {
    if (!found) found = PodIn(cluster, address, namespace_name, name);
  });
  return found;
}

}  // namespace

absl::StatusOr<Client> FindClient(const Subject& subject, std::string_view as) {
  if (as.empty()) return Client{.address = base::ParseIpAddress("127.0.0.1").value(), .namespace_name = {}, .pod = {}};
  if (const std::optional<base::IpAddress> address = base::ParseIpAddress(as)) {
    for (const ClusterSubject& cluster : subject.clusters) {
      if (std::optional<Client> client = PodWithAddress(cluster, *address)) return *std::move(client);
    }
    return Client{.address = *address, .namespace_name = {}, .pod = {}};
  }
  const size_t slash = as.find('/');
  const std::string_view namespace_name = slash == std::string_view::npos ? "" : as.substr(0, slash);
  const std::string_view name = slash == std::string_view::npos ? as : as.substr(slash + 1);
  std::vector<Client> found;
  for (const ClusterSubject& cluster : subject.clusters) {
    for (Client& client : PodSearch(cluster, namespace_name, name).Run()) found.push_back(std::move(client));
  }
  if (found.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("found no pod {} with an address, expected an address, POD or NAMESPACE/POD", as));
  }
  if (found.size() > 1) {
    std::sort(found.begin(), found.end(),
              [](const Client& a, const Client& b) { return a.namespace_name < b.namespace_name; });
    return absl::InvalidArgumentError(fmt::format("pod {} is not the only one of that name: there are {}/{} and {}/{}",
                                                  as, found[0].namespace_name, name, found[1].namespace_name, name));
  }
  return std::move(found[0]);
}

}  // namespace podnamed::admin
