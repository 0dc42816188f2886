// Base snapshot + ops = next snapshot. Copies the services that change and the way to them, shares the rest: the cost
// follows the change and the sizes of the services in it, not the cluster. One thread, the state's writer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/time/time.h"
#include "server/state/delta.h"
#include "server/state/snapshot.h"

namespace podnamed::state {

class SnapshotBuilder {
 public:
  // From the empty cluster, or from `base`, which is left as it is.
  SnapshotBuilder() = default;
  explicit SnapshotBuilder(const Snapshot& base) : next_(base) {}

  // Takes ops in their order: a later one on the same key wins.
  void Add(std::vector<Op> ops);
  // Takes over the entity that `from` has under `key`, if any, as if it had come in an op.
  void Keep(const Snapshot& from, const EntityKey& key);
  // Works what was added into the structure. Called by Build; between parts of a big snapshot it keeps memory down.
  void Flush();

  std::unique_ptr<const Snapshot> Build(const Position& position, absl::Time origin_time);

 private:
  struct ByOrdinal {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const { return OrdinalLess(a, b); }
  };
  // Services and ServiceImports by the same rules.
  using ServiceName = std::tuple<bool, std::string, std::string>;  // clusterset, namespace, name
  // What is to change in one service. The inner optional: what it becomes, std::nullopt for gone.
  struct Pending {
    std::optional<std::optional<Service>> service;
    absl::btree_map<std::string, std::optional<PodIdentity>, ByOrdinal> identities;
  };

  void AddOp(Namespace entry);
  void AddOp(Service service);
  void AddOp(PodIdentity identity);
  void AddOp(Pod pod);
  void AddOp(const Deletion& deletion);
  void DeleteNamespace(const Deletion& deletion);
  void DeletePod(const Deletion& deletion);
  void UnindexPod(const Pod& pod);
  void DeleteService(const Deletion& deletion, bool clusterset);
  void DeleteIdentity(const Deletion& deletion, bool clusterset);
  // Puts the block with `pending` worked in into the place of the old one.
  void Rebuild(const ServiceName& service_name, const Pending& pending);
  // Brings the address index from what `from` knows to what `to` knows, as far as `pending` touched it.
  void IndexAddresses(const ServiceBlock* from, const ServiceBlock* to, const Pending& pending, uint64_t service_hash);

  Snapshot next_;
  absl::btree_map<ServiceName, Pending> pending_;
};

}  // namespace podnamed::state
