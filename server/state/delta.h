// One change to the cluster, in our words: what a batch or a snapshot of the feed carries. Values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "server/state/entities.h"

namespace podnamed::state {

// Where in the feed a state stands. Revisions of different epochs are never compared.
struct Position {
  std::array<uint8_t, 16> epoch{};  // the random name of one life of the controller's log; all zero: none
  uint64_t revision = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

// kServiceImport and kImportedIdentity are Service and PodIdentity with `clusterset`.
enum class EntityKind : uint8_t { kNamespace, kService, kPodIdentity, kPod, kServiceImport, kImportedIdentity };

// Names one entity. `namespace_name` is empty for kNamespace, `service` for all but the identities.
struct EntityKey {
  EntityKind kind{};
  std::string namespace_name;
  std::string service;
  std::string name;
  friend auto operator<=>(const EntityKey&, const EntityKey&) = default;
};

// Deletes the entity if its uid is `uid`: a delete that comes late must not erase what took its place. Where `uid` is
// 0 the source names no lives, and the entity goes whatever its uid.
struct Deletion {
  EntityKey key;
  Uid uid = 0;
};

using Op = std::variant<Namespace, Service, PodIdentity, Pod, Deletion>;  // an entity: upsert of the whole

struct Delta {
  uint64_t previous_revision = 0;  // the revision that this builds on
  uint64_t revision = 0;
  absl::Time origin_time;  // when the source changed
  std::vector<Op> ops;     // in order: a later one on the same key wins
};

}  // namespace podnamed::state
