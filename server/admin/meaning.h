// What in the cluster does a name mean? Not what it answers, which is resolve's to say, but which object it speaks of,
// also where that object has no answer, or only its service or namespace exists. Pure.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "proto/podnamed/feed/v1/feed.pb.h"
#include "proto/podnamed/inspect/v1/inspect.pb.h"
#include "server/admin/subject.h"
#include "server/dns/name.h"
#include "server/state/snapshot.h"

namespace podnamed::admin {

// An object that a name leads to.
struct Meaning {
  // How much of the name the object is.
  enum class Part { kNamespace, kService, kWhole };
  Part part = Part::kNamespace;
  inspect::v1::Object object;
  feed::v1::Key key;  // the record that says so
};

// The object that `name` means in `snapshot`, or the nearest to it that exists; std::nullopt if there is none, or the
// name is in none of `zones`. A namespace counts only where it stands within the first `spelled` labels, those
// that a person wrote: a pod's own namespace at the end of its search path says nothing.
std::optional<Meaning> FindMeaning(const dns::Name& name, const std::vector<ZoneSubject>& zones, size_t spelled,
                                   const state::Snapshot& snapshot);

// Which objects a name speaks of, whether they exist or not: everything in a namespace, in a service, or one label.
struct Scope {
  std::string namespace_name;
  std::string service;  // empty: every one
  std::string label;    // of an endpoint; empty: every one, and the service itself
  bool clusterset = false;

  bool Holds(const inspect::v1::Object& object) const;
};
// std::nullopt: nothing that could change.
std::optional<Scope> ScopeOf(const dns::Name& name, const std::vector<ZoneSubject>& zones);

}  // namespace podnamed::admin
