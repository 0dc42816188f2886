#include "server/state/snapshot_builder.h"

#include <algorithm>
#include <deque>

#include "absl/container/flat_hash_map.h"

namespace podnamed::state {
namespace {

bool Means(Uid deleted, Uid current) { return deleted == 0 || deleted == current; }

// Entities keep addresses and ports in their own way; blocks want them by family and as views. Holds the copies.
class SourceScratch {
 public:
  struct Split {
    std::vector<base::Ipv4Address> ipv4;
    std::vector<base::Ipv6Address> ipv6;
    std::vector<PortView> ports;
    std::vector<LabelView> labels;
    std::vector<std::string_view> hostnames;
  };
  const Split& Add(absl::Span<const base::IpAddress> addresses, absl::Span<const Port> ports,
                   absl::Span<const Label> labels, absl::Span<const std::string> hostnames = {}) {
    Split& split = splits_.emplace_back();
    for (const base::IpAddress& address : addresses) {
      if (address.is_v4()) {
        split.ipv4.push_back(address.v4());
      } else {
        split.ipv6.push_back(address.v6());
      }
    }
    for (const Port& port : ports) split.ports.push_back({port.name, port.protocol, port.number});
    for (const Label& label : labels) split.labels.push_back({label.key, label.value});
    split.hostnames.assign(hostnames.begin(), hostnames.end());
    return split;
  }
  // The ports of an identity in an old block.
  absl::Span<const PortView> PortsOf(const ServiceBlock::Identity& identity) {
    const auto [it, is_new] = old_ports_.try_emplace(identity.profile());
    if (is_new) {
      std::vector<PortView>& ports = splits_.emplace_back().ports;
      for (size_t i = 0; i < identity.port_count(); ++i) ports.push_back(identity.port(i));
      it->second = ports;
    }
    return it->second;
  }
  // The service's own ports in an old block.
  absl::Span<const PortView> PortsOf(const ServiceBlock& block) {
    std::vector<PortView>& ports = splits_.emplace_back().ports;
    for (size_t i = 0; i < block.port_count(); ++i) ports.push_back(block.port(i));
    return ports;
  }
  absl::Span<const LabelView> LabelsOf(const ServiceBlock& block) {
    std::vector<LabelView>& labels = splits_.emplace_back().labels;
    block.ForEachLabel([&](std::string_view key, std::string_view value) { labels.push_back({key, value}); });
    return labels;
  }
  absl::Span<const std::string_view> HostnamesOf(const ServiceBlock& block) {
    std::vector<std::string_view>& hostnames = splits_.emplace_back().hostnames;
    block.ForEachExternalHostname([&](std::string_view hostname) { hostnames.push_back(hostname); });
    return hostnames;
  }

 private:
  std::deque<Split> splits_;                                             // does not move what it holds
  absl::flat_hash_map<uint32_t, absl::Span<const PortView>> old_ports_;  // by profile
};

IdentitySource SourceOf(const PodIdentity& identity, SourceScratch& scratch) {
  const auto& split = scratch.Add(identity.addresses, identity.ports, {});
  return {.name = identity.name,
          .hostname = identity.hostname,
          .uid = identity.uid,
          .is_pod = identity.is_pod,
          .ready = identity.ready,
          .serving = identity.serving,
          .terminating = identity.terminating,
          .ipv4 = split.ipv4,
          .ipv6 = split.ipv6,
          .ports = split.ports,
          .zone = identity.zone,
          .cluster = identity.cluster};
}

IdentitySource SourceOf(const ServiceBlock::Identity& identity, SourceScratch& scratch) {
  return {.name = identity.name(),
          .hostname = identity.hostname(),
          .uid = identity.uid(),
          .is_pod = identity.is_pod(),
          .ready = identity.ready(),
          .serving = identity.serving(),
          .terminating = identity.terminating(),
          .ipv4 = identity.ipv4(),
          .ipv6 = identity.ipv6(),
          .ports = scratch.PortsOf(identity),
          .zone = identity.zone(),
          .cluster = identity.cluster()};
}

ServiceSource SourceOf(const Service& service, SourceScratch& scratch) {
  const auto& split = scratch.Add(service.addresses, service.ports, service.labels);
  const auto& external = scratch.Add(service.external_addresses, {}, {}, service.external_hostnames);
  return {.clusterset = service.clusterset,
          .namespace_name = service.namespace_name,
          .name = service.name,
          .has_service = true,
          .uid = service.uid,
          .kind = service.kind,
          .publish_not_ready = service.publish_not_ready,
          .ipv4 = split.ipv4,
          .ipv6 = split.ipv6,
          .ports = split.ports,
          .external_name = service.external_name,
          .labels = split.labels,
          .external_ipv4 = external.ipv4,
          .external_ipv6 = external.ipv6,
          .external_hostnames = external.hostnames};
}

ServiceSource SourceOf(const ServiceBlock& block, SourceScratch& scratch) {
  return {.clusterset = block.clusterset(),
          .namespace_name = block.namespace_name(),
          .name = block.name(),
          .has_service = block.has_service(),
          .uid = block.uid(),
          .kind = block.kind(),
          .publish_not_ready = block.publish_not_ready(),
          .ipv4 = block.cluster_ipv4(),
          .ipv6 = block.cluster_ipv6(),
          .ports = scratch.PortsOf(block),
          .external_name = block.external_name(),
          .labels = scratch.LabelsOf(block),
          .external_ipv4 = block.external_ipv4(),
          .external_ipv6 = block.external_ipv6(),
          .external_hostnames = scratch.HostnamesOf(block)};
}

// A block's way of keeping things, back into that of entities.
std::vector<base::IpAddress> JoinAddresses(absl::Span<const base::Ipv4Address> ipv4,
                                           absl::Span<const base::Ipv6Address> ipv6) {
  std::vector<base::IpAddress> addresses;
  for (const base::Ipv4Address& address : ipv4) addresses.emplace_back(address);
  for (const base::Ipv6Address& address : ipv6) addresses.emplace_back(address);
  return addresses;
}

template <typename HasPorts>
std::vector<Port> PortsOf(const HasPorts& owner) {
  std::vector<Port> ports;
  for (size_t i = 0; i < owner.port_count(); ++i) {
    const PortView port = owner.port(i);
    ports.push_back({std::string(port.name), port.protocol, port.number});
  }
  return ports;
}

Service EntityOf(const ServiceBlock& block) {
  std::vector<Label> labels;
  block.ForEachLabel(
      [&](std::string_view key, std::string_view value) { labels.push_back({std::string(key), std::string(value)}); });
  std::vector<std::string> hostnames;
  block.ForEachExternalHostname([&](std::string_view hostname) { hostnames.emplace_back(hostname); });
  return {.clusterset = block.clusterset(),
          .namespace_name = std::string(block.namespace_name()),
          .name = std::string(block.name()),
          .uid = block.uid(),
          .kind = block.kind(),
          .addresses = JoinAddresses(block.cluster_ipv4(), block.cluster_ipv6()),
          .ports = PortsOf(block),
          .external_name = std::string(block.external_name()),
          .publish_not_ready = block.publish_not_ready(),
          .labels = std::move(labels),
          .external_addresses = JoinAddresses(block.external_ipv4(), block.external_ipv6()),
          .external_hostnames = std::move(hostnames)};
}

PodIdentity EntityOf(const ServiceBlock& block, const ServiceBlock::Identity& identity) {
  return {.clusterset = block.clusterset(),
          .namespace_name = std::string(block.namespace_name()),
          .service = std::string(block.name()),
          .name = std::string(identity.name()),
          .is_pod = identity.is_pod(),
          .hostname = std::string(identity.hostname()),
          .uid = identity.uid(),
          .addresses = JoinAddresses(identity.ipv4(), identity.ipv6()),
          .ports = PortsOf(identity),
          .ready = identity.ready(),
          .serving = identity.serving(),
          .terminating = identity.terminating(),
          .zone = std::string(identity.zone()),
          .cluster = std::string(identity.cluster())};
}

std::vector<base::IpAddress> Distinct(std::vector<base::IpAddress> addresses) {
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

void AppendAddresses(const ServiceBlock::Identity& identity, std::vector<base::IpAddress>& addresses) {
  for (const base::Ipv4Address& address : identity.ipv4()) addresses.emplace_back(address);
  for (const base::Ipv6Address& address : identity.ipv6()) addresses.emplace_back(address);
}

void AppendServiceAddresses(const ServiceBlock& block, std::vector<base::IpAddress>& addresses) {
  for (const auto family : {block.cluster_ipv4(), block.external_ipv4()}) {
    for (const base::Ipv4Address& address : family) addresses.emplace_back(address);
  }
  for (const auto family : {block.cluster_ipv6(), block.external_ipv6()}) {
    for (const base::Ipv6Address& address : family) addresses.emplace_back(address);
  }
}

}  // namespace

void SnapshotBuilder::Add(std::vector<Op> ops) {
  for (Op& op : ops) {
    std::visit([this](auto& entity) { AddOp(std::move(entity)); }, op);
  }
}

void SnapshotBuilder::AddOp(Namespace entry) {
  const std::string name = entry.name;
  next_.namespaces_.Put(std::string_view(name), std::move(entry));
}

void SnapshotBuilder::AddOp(Service service) {
  Pending& pending = pending_[{service.clusterset, service.namespace_name, service.name}];
  pending.service.emplace(std::move(service));
}

void SnapshotBuilder::AddOp(PodIdentity identity) {
  Pending& pending = pending_[{identity.clusterset, identity.namespace_name, identity.service}];
  const std::string name = identity.name;
  pending.identities[name] = std::move(identity);
}

void SnapshotBuilder::AddOp(Pod pod) {
  const base::RefPtr<const Snapshot::SharedPod> shared(new Snapshot::SharedPod{std::move(pod)});
  const Snapshot::PodKey key{shared->pod.namespace_name, shared->pod.name};
  if (const Pod* old = next_.FindPod(key.namespace_name, key.name)) UnindexPod(*old);
  for (const base::IpAddress& address : Distinct(shared->pod.addresses)) {
    next_.addresses_.Add(address, Snapshot::HashOf(key));
  }
  next_.pods_.Put(key, shared);
}

void SnapshotBuilder::UnindexPod(const Pod& pod) {
  const uint64_t hash = Snapshot::HashOf(Snapshot::PodKey{pod.namespace_name, pod.name});
  for (const base::IpAddress& address : Distinct(pod.addresses)) next_.addresses_.Remove(address, hash);
}

void SnapshotBuilder::AddOp(const Deletion& deletion) {
  switch (deletion.key.kind) {
    case EntityKind::kNamespace:
      return DeleteNamespace(deletion);
    case EntityKind::kPod:
      return DeletePod(deletion);
    case EntityKind::kService:
    case EntityKind::kServiceImport:
      return DeleteService(deletion, deletion.key.kind == EntityKind::kServiceImport);
    case EntityKind::kPodIdentity:
    case EntityKind::kImportedIdentity:
      return DeleteIdentity(deletion, deletion.key.kind == EntityKind::kImportedIdentity);
  }
}

void SnapshotBuilder::DeleteNamespace(const Deletion& deletion) {
  const std::string_view name = deletion.key.name;
  const Namespace* entry = next_.FindNamespace(name);
  if (entry != nullptr && Means(deletion.uid, entry->uid)) next_.namespaces_.Erase(base::HashOf(name), name);
}

void SnapshotBuilder::DeletePod(const Deletion& deletion) {
  const Snapshot::PodKey key{deletion.key.namespace_name, deletion.key.name};
  const Pod* pod = next_.FindPod(key.namespace_name, key.name);
  if (pod == nullptr || !Means(deletion.uid, pod->uid)) return;
  UnindexPod(*pod);
  next_.pods_.Erase(Snapshot::HashOf(key), key);
}

void SnapshotBuilder::Keep(const Snapshot& from, const EntityKey& key) {
  switch (key.kind) {
    case EntityKind::kNamespace:
      if (const Namespace* entry = from.FindNamespace(key.name)) AddOp(*entry);
      return;
    case EntityKind::kPod:
      if (const Pod* pod = from.FindPod(key.namespace_name, key.name)) AddOp(*pod);
      return;
    case EntityKind::kService:
    case EntityKind::kServiceImport: {
      const bool clusterset = key.kind == EntityKind::kServiceImport;
      const ServiceBlock* block = from.FindService(key.namespace_name, key.name, clusterset);
      if (block != nullptr && block->has_service()) AddOp(EntityOf(*block));
      return;
    }
    case EntityKind::kPodIdentity:
    case EntityKind::kImportedIdentity:
      if (const ServiceBlock* block =
              from.FindService(key.namespace_name, key.service, key.kind == EntityKind::kImportedIdentity)) {
        const size_t i = block->IndexOfName(key.name);
        if (i != block->identity_count()) AddOp(EntityOf(*block, block->identity(i)));
      }
      return;
  }
}

void SnapshotBuilder::DeleteService(const Deletion& deletion, bool clusterset) {
  const EntityKey& key = deletion.key;
  Pending& pending = pending_[{clusterset, key.namespace_name, key.name}];
  if (!pending.service.has_value()) {
    const ServiceBlock* block = next_.FindService(key.namespace_name, key.name, clusterset);
    if (block != nullptr && block->has_service() && Means(deletion.uid, block->uid())) pending.service.emplace();
  } else if (pending.service->has_value() && Means(deletion.uid, (*pending.service)->uid)) {
    pending.service->reset();
  }
}

void SnapshotBuilder::DeleteIdentity(const Deletion& deletion, bool clusterset) {
  const EntityKey& key = deletion.key;
  Pending& pending = pending_[{clusterset, key.namespace_name, key.service}];
  const auto it = pending.identities.find(key.name);
  if (it == pending.identities.end()) {
    const ServiceBlock* block = next_.FindService(key.namespace_name, key.service, clusterset);
    if (block == nullptr) return;
    const size_t i = block->IndexOfName(key.name);
    if (i != block->identity_count() && Means(deletion.uid, block->identity(i).uid())) {
      pending.identities.emplace(key.name, std::nullopt);
    }
  } else if (it->second.has_value() && Means(deletion.uid, it->second->uid)) {
    it->second.reset();
  }
}

void SnapshotBuilder::Flush() {
  for (const auto& [service, pending] : pending_) {
    if (pending.service.has_value() || !pending.identities.empty()) Rebuild(service, pending);
  }
  pending_.clear();
}

void SnapshotBuilder::Rebuild(const ServiceName& service_name, const Pending& pending) {
  const auto& [clusterset, namespace_name, name] = service_name;
  const Snapshot::ServiceKey key{namespace_name, name, clusterset};
  const uint64_t hash = Snapshot::HashOf(key);
  const auto* old_entry = next_.services_.Find(hash, key);
  // Held until the end: the new block is made from views into it.
  const base::RefPtr<const ServiceBlock> old_block =
      old_entry == nullptr ? base::RefPtr<const ServiceBlock>() : *old_entry;

  if (old_block) old_block->Prefetch();
  SourceScratch scratch;
  ServiceSource service{.clusterset = clusterset, .namespace_name = namespace_name, .name = name};
  if (pending.service.has_value()) {
    if (pending.service->has_value()) service = SourceOf(**pending.service, scratch);
  } else if (old_block) {
    service = SourceOf(*old_block, scratch);
  }

  // Both sides are in the same order: merge them, what is pending in the place of what was.
  std::vector<IdentitySource> identities;
  const size_t old_count = old_block ? old_block->identity_count() : 0;
  identities.reserve(old_count + pending.identities.size());
  size_t i = 0;
  const auto take_old_below = [&](std::string_view bound) {
    for (; i < old_count && OrdinalLess(old_block->identity(i).name(), bound); ++i) {
      identities.push_back(SourceOf(old_block->identity(i), scratch));
    }
  };
  for (const auto& [identity_name, identity] : pending.identities) {
    take_old_below(identity_name);
    if (i < old_count && old_block->identity(i).name() == identity_name) ++i;
    if (identity.has_value()) identities.push_back(SourceOf(*identity, scratch));
  }
  for (; i < old_count; ++i) identities.push_back(SourceOf(old_block->identity(i), scratch));

  base::RefPtr<const ServiceBlock> new_block;
  if (service.has_service || !identities.empty()) new_block = ServiceBlock::Make(service, identities);
  IndexAddresses(old_block.get(), new_block.get(), pending, hash);
  const auto services_in = [](const auto& block) { return size_t{block && block->has_service()}; };
  next_.service_count_ += services_in(new_block) - services_in(old_block);
  next_.identity_count_ += identities.size() - old_count;
  if (new_block) {
    next_.services_.Put(key, std::move(new_block));
  } else {
    next_.services_.Erase(hash, key);
  }
}

void SnapshotBuilder::IndexAddresses(const ServiceBlock* from, const ServiceBlock* to, const Pending& pending,
                                     uint64_t service_hash) {
  const auto touched = [&pending](const ServiceBlock* block) {
    std::vector<base::IpAddress> addresses;
    if (block == nullptr) return addresses;
    if (pending.service.has_value()) AppendServiceAddresses(*block, addresses);
    for (const auto& [name, identity] : pending.identities) {
      const size_t i = block->IndexOfName(name);
      if (i != block->identity_count()) AppendAddresses(block->identity(i), addresses);
    }
    return Distinct(std::move(addresses));
  };
  std::vector<base::IpAddress> gone = touched(from);
  std::erase_if(gone, [to](const auto& address) { return to != nullptr && to->HasAddress(address); });
  std::vector<base::IpAddress> come = touched(to);
  std::erase_if(come, [from](const auto& address) { return from != nullptr && from->HasAddress(address); });
  std::vector<base::IpAddress> changed = gone;
  changed.insert(changed.end(), come.begin(), come.end());
  next_.addresses_.Prefetch(changed);
  for (const base::IpAddress& address : gone) next_.addresses_.Remove(address, service_hash);
  for (const base::IpAddress& address : come) next_.addresses_.Add(address, service_hash);
}

std::unique_ptr<const Snapshot> SnapshotBuilder::Build(const Position& position, absl::Time origin_time) {
  Flush();
  next_.position_ = position;
  next_.origin_time_ = origin_time;
  return std::make_unique<const Snapshot>(next_);
}

}  // namespace podnamed::state
