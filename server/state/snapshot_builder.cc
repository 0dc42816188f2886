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
  };
  const Split& Add(absl::Span<const base::IpAddress> addresses, absl::Span<const Port> ports) {
    Split& split = splits_.emplace_back();
    for (const base::IpAddress& address : addresses) {
      if (address.is_v4()) {
        split.ipv4.push_back(address.v4());
      } else {
        split.ipv6.push_back(address.v6());
      }
    }
    for (const Port& port : ports) split.ports.push_back({port.name, port.protocol, port.number});
    return split;
  }
  // The ports of an identity in an old block.
  absl::Span<const PortView> PortsOf(const ServiceBlock::Identity& identity) {
    const auto [it, is_new] = old_port_sets_.try_emplace(identity.port_set());
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

 private:
  std::deque<Split> splits_;  // does not move what it holds
  absl::flat_hash_map<uint32_t, absl::Span<const PortView>> old_port_sets_;
};

IdentitySource SourceOf(const PodIdentity& identity, SourceScratch& scratch) {
  const auto& split = scratch.Add(identity.addresses, identity.ports);
  return {identity.name,    identity.hostname,    identity.uid, identity.is_pod, identity.ready,
          identity.serving, identity.terminating, split.ipv4,   split.ipv6,      split.ports};
}

IdentitySource SourceOf(const ServiceBlock::Identity& identity, SourceScratch& scratch) {
  return {identity.name(),    identity.hostname(),    identity.uid(),  identity.is_pod(), identity.ready(),
          identity.serving(), identity.terminating(), identity.ipv4(), identity.ipv6(),   scratch.PortsOf(identity)};
}

ServiceSource SourceOf(const Service& service, SourceScratch& scratch) {
  const auto& split = scratch.Add(service.addresses, service.ports);
  return {service.namespace_name,
          service.name,
          /*has_service=*/true,
          service.uid,
          service.kind,
          service.publish_not_ready,
          split.ipv4,
          split.ipv6,
          split.ports,
          service.external_name};
}

ServiceSource SourceOf(const ServiceBlock& block, SourceScratch& scratch) {
  return {block.namespace_name(), block.name(),
          block.has_service(),    block.uid(),
          block.kind(),           block.publish_not_ready(),
          block.cluster_ipv4(),   block.cluster_ipv6(),
          scratch.PortsOf(block), block.external_name()};
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
  return {.namespace_name = std::string(block.namespace_name()),
          .name = std::string(block.name()),
          .uid = block.uid(),
          .kind = block.kind(),
          .addresses = JoinAddresses(block.cluster_ipv4(), block.cluster_ipv6()),
          .ports = PortsOf(block),
          .external_name = std::string(block.external_name()),
          .publish_not_ready = block.publish_not_ready()};
}

PodIdentity EntityOf(const ServiceBlock& block, const ServiceBlock::Identity& identity) {
  return {.namespace_name = std::string(block.namespace_name()),
          .service = std::string(block.name()),
          .name = std::string(identity.name()),
          .is_pod = identity.is_pod(),
          .hostname = std::string(identity.hostname()),
          .uid = identity.uid(),
          .addresses = JoinAddresses(identity.ipv4(), identity.ipv6()),
          .ports = PortsOf(identity),
          .ready = identity.ready(),
          .serving = identity.serving(),
          .terminating = identity.terminating()};
}

void AppendAddresses(const ServiceBlock::Identity& identity, std::vector<base::IpAddress>& addresses) {
  for (const base::Ipv4Address& address : identity.ipv4()) addresses.emplace_back(address);
  for (const base::Ipv6Address& address : identity.ipv6()) addresses.emplace_back(address);
}

void AppendClusterAddresses(const ServiceBlock& block, std::vector<base::IpAddress>& addresses) {
  for (const base::Ipv4Address& address : block.cluster_ipv4()) addresses.emplace_back(address);
  for (const base::Ipv6Address& address : block.cluster_ipv6()) addresses.emplace_back(address);
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
  Pending& pending = pending_[{service.namespace_name, service.name}];
  pending.service.emplace(std::move(service));
}

void SnapshotBuilder::AddOp(PodIdentity identity) {
  Pending& pending = pending_[{identity.namespace_name, identity.service}];
  const std::string name = identity.name;
  pending.identities[name] = std::move(identity);
}

void SnapshotBuilder::AddOp(Pod pod) {
  const base::RefPtr<const Snapshot::SharedPod> shared(new Snapshot::SharedPod{std::move(pod)});
  next_.pods_.Put(Snapshot::ServiceKey{shared->pod.namespace_name, shared->pod.name}, shared);
}

void SnapshotBuilder::AddOp(const Deletion& deletion) {
  const EntityKey& key = deletion.key;
  switch (key.kind) {
    case EntityKind::kNamespace: {
      const uint64_t hash = absl::HashOf(std::string_view(key.name));
      const Namespace* entry = next_.namespaces_.Find(hash, std::string_view(key.name));
      if (entry != nullptr && Means(deletion.uid, entry->uid)) {
        next_.namespaces_.Erase(hash, std::string_view(key.name));
      }
      return;
    }
    case EntityKind::kPod: {
      const Pod* pod = next_.FindPod(key.namespace_name, key.name);
      if (pod != nullptr && Means(deletion.uid, pod->uid)) {
        next_.pods_.Erase(absl::HashOf(std::string_view(key.namespace_name), std::string_view(key.name)),
                          Snapshot::ServiceKey{key.namespace_name, key.name});
      }
      return;
    }
    case EntityKind::kService:
      DeleteService(deletion);
      return;
    case EntityKind::kPodIdentity:
      DeleteIdentity(deletion);
      return;
  }
}

void SnapshotBuilder::Keep(const Snapshot& from, const EntityKey& key) {
  switch (key.kind) {
    case EntityKind::kNamespace: {
      const std::string_view name = key.name;
      if (const Namespace* entry = from.namespaces_.Find(absl::HashOf(name), name)) AddOp(*entry);
      return;
    }
    case EntityKind::kPod:
      if (const Pod* pod = from.FindPod(key.namespace_name, key.name)) AddOp(*pod);
      return;
    case EntityKind::kService:
      if (const ServiceBlock* block = from.FindService(key.namespace_name, key.name); block && block->has_service()) {
        AddOp(EntityOf(*block));
      }
      return;
    case EntityKind::kPodIdentity:
      if (const ServiceBlock* block = from.FindService(key.namespace_name, key.service)) {
        const size_t i = block->IndexOfName(key.name);
        if (i != block->identity_count()) AddOp(EntityOf(*block, block->identity(i)));
      }
      return;
  }
}

void SnapshotBuilder::DeleteService(const Deletion& deletion) {
  const EntityKey& key = deletion.key;
  Pending& pending = pending_[{key.namespace_name, key.name}];
  if (!pending.service.has_value()) {
    const ServiceBlock* block = next_.FindService(key.namespace_name, key.name);
    if (block != nullptr && block->has_service() && Means(deletion.uid, block->uid())) pending.service.emplace();
  } else if (pending.service->has_value() && Means(deletion.uid, (*pending.service)->uid)) {
    pending.service->reset();
  }
}

void SnapshotBuilder::DeleteIdentity(const Deletion& deletion) {
  const EntityKey& key = deletion.key;
  Pending& pending = pending_[{key.namespace_name, key.service}];
  const auto it = pending.identities.find(key.name);
  if (it == pending.identities.end()) {
    const ServiceBlock* block = next_.FindService(key.namespace_name, key.service);
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
  for (const auto& [key, pending] : pending_) {
    const auto& [namespace_name, name] = key;
    if (pending.service.has_value() || !pending.identities.empty()) Rebuild(namespace_name, name, pending);
  }
  pending_.clear();
}

void SnapshotBuilder::Rebuild(std::string_view namespace_name, std::string_view name, const Pending& pending) {
  const Snapshot::ServiceKey key{namespace_name, name};
  const uint64_t hash = Snapshot::HashOfService(namespace_name, name);
  const auto* old_entry = next_.services_.Find(hash, key);
  // Held until the end: the new block is made from views into it.
  const base::RefPtr<const ServiceBlock> old_block =
      old_entry == nullptr ? base::RefPtr<const ServiceBlock>() : *old_entry;

  SourceScratch scratch;
  ServiceSource service{.namespace_name = namespace_name, .name = name};
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
    if (pending.service.has_value()) AppendClusterAddresses(*block, addresses);
    for (const auto& [name, identity] : pending.identities) {
      const size_t i = block->IndexOfName(name);
      if (i != block->identity_count()) AppendAddresses(block->identity(i), addresses);
    }
    std::sort(addresses.begin(), addresses.end());
    addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
    return addresses;
  };
  for (const base::IpAddress& address : touched(from)) {
    if (to == nullptr || !to->HasAddress(address)) next_.addresses_.Remove(address, service_hash);
  }
  for (const base::IpAddress& address : touched(to)) {
    if (from == nullptr || !from->HasAddress(address)) next_.addresses_.Add(address, service_hash);
  }
}

std::unique_ptr<const Snapshot> SnapshotBuilder::Build(const Position& position, absl::Time origin_time) {
  Flush();
  next_.position_ = position;
  next_.origin_time_ = origin_time;
  return std::make_unique<const Snapshot>(next_);
}

}  // namespace podnamed::state
