// What changed between two states of the cluster, object by object. Pure; the cost follows the difference.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "proto/podnamed/inspect/v1/inspect.pb.h"
#include "server/state/snapshot.h"

namespace podnamed::admin {

// One object, before and after. Of a service nothing is told when only its pods changed: they tell it themselves.
struct ObjectChange {
  std::optional<inspect::v1::Object> before;  // std::nullopt: it was not there
  std::optional<inspect::v1::Object> after;   // std::nullopt: it is not there any more
  bool replaced = false;                      // another life: the uid is another
};

// Calls visit(change) for each object that is not the same in both, in no promised order. `before` may be nullptr: then
// everything is new.
void ForEachChange(const state::Snapshot* before, const state::Snapshot& after,
                   absl::FunctionRef<void(ObjectChange change)> visit);

// Orders objects as a list shows them: namespace, then service, then name, numbers at the end by value; a namespace
// before what is in it, a service before its pods.
bool ObjectLess(const inspect::v1::Object& a, const inspect::v1::Object& b);

// The message of inspect.proto. REQUIRES: before or after is there.
inspect::v1::Change MakeChange(const ObjectChange& change);

}  // namespace podnamed::admin
