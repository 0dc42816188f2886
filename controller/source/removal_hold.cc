#include "controller/source/removal_hold.h"

#include <string_view>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "proto/podnamed/feed/v1/feed_key.h"

namespace podnamed::controller {

using feed::v1::Op;
using Kind = feed::v1::Key::Kind;

RemovalHold::Key RemovalHold::KeyOf(const Op& op) {
  const feed::v1::KeyView key = op.has_upsert() ? feed::v1::ViewOf(op.upsert()) : feed::v1::ViewOf(op.delete_().key());
  return {static_cast<int>(key.kind), std::string(key.namespace_name), std::string(key.service), std::string(key.name)};
}

// A pod's own record gives way to an identity that names the pod (ClusterIndex): no removal, all of it is still
// answered.
std::vector<const Op*> RemovalHold::RemovalsAmong(const std::vector<Op>& ops) {
  absl::flat_hash_set<std::pair<std::string_view, std::string_view>> named;
  for (const Op& op : ops) {
    const feed::v1::PodIdentity& identity = op.upsert().pod_identity();
    if (identity.is_pod()) named.emplace(identity.namespace_(), identity.name());
  }
  std::vector<const Op*> removals;
  for (const Op& op : ops) {
    if (!op.has_delete_()) continue;
    const feed::v1::Key& key = op.delete_().key();
    if (key.kind() == feed::v1::Key::POD && named.contains(std::pair(key.namespace_(), key.name()))) continue;
    removals.push_back(&op);
  }
  return removals;
}

// Services and namespaces are few beside what answers through them, so each kind is looked at by itself, and each of
// its records stands for as many as there are of all on average.
bool RemovalHold::AreTooMany(const std::vector<const Op*>& removals,
                             const ClusterIndex::RecordCounts& remaining) const {
  ClusterIndex::RecordCounts removed = {};
  for (const Op* op : removals) ++removed[op->delete_().key().kind()];
  const auto before = [&](Kind kind) { return removed[kind] + remaining[kind]; };
  const auto is_too_much = [&](Kind kind, size_t all) {
    constexpr size_t kWhole = 100;
    return removed[kind] * kWhole > before(kind) * static_cast<size_t>(limits_.percent) &&
           removed[kind] * all > limits_.count * before(kind);
  };
  const size_t identities = before(feed::v1::Key::POD_IDENTITY);
  const size_t imported = before(feed::v1::Key::IMPORTED_IDENTITY);
  const size_t services = before(feed::v1::Key::SERVICE) + identities;
  const size_t imports = before(feed::v1::Key::SERVICE_IMPORT) + imported;
  const size_t pods = before(feed::v1::Key::POD);
  const size_t all = before(feed::v1::Key::NAMESPACE) + services + imports + pods;
  return is_too_much(feed::v1::Key::NAMESPACE, all) || is_too_much(feed::v1::Key::SERVICE, services) ||
         is_too_much(feed::v1::Key::POD_IDENTITY, identities) || is_too_much(feed::v1::Key::SERVICE_IMPORT, imports) ||
         is_too_much(feed::v1::Key::IMPORTED_IDENTITY, imported) || is_too_much(feed::v1::Key::POD, pods);
}

bool RemovalHold::CarriesHeld(const feed::v1::Key& key) const {
  const auto holds = [this](Kind kind, const std::string& namespace_name, const std::string& service) {
    const auto held = held_.lower_bound({kind, namespace_name, service, ""});
    return held != held_.end() && std::get<0>(held->first) == kind && std::get<1>(held->first) == namespace_name &&
           (service.empty() || std::get<2>(held->first) == service);
  };
  switch (key.kind()) {
    case feed::v1::Key::SERVICE:
      return holds(feed::v1::Key::POD_IDENTITY, key.namespace_(), key.name());
    case feed::v1::Key::SERVICE_IMPORT:
      return holds(feed::v1::Key::IMPORTED_IDENTITY, key.namespace_(), key.name());
    case feed::v1::Key::NAMESPACE:
      for (const Kind kind : {feed::v1::Key::SERVICE, feed::v1::Key::POD_IDENTITY, feed::v1::Key::POD,
                              feed::v1::Key::SERVICE_IMPORT, feed::v1::Key::IMPORTED_IDENTITY}) {
        if (holds(kind, key.name(), "")) return true;
      }
      return false;
    default:
      return false;
  }
}

std::vector<Op> RemovalHold::Pass(std::vector<Op> ops, const ClusterIndex::RecordCounts& remaining) {
  if (!held_.empty()) {
    for (const Op& op : ops) {
      if (op.has_upsert()) held_.erase(KeyOf(op));
    }
  }
  const std::vector<const Op*> removals = RemovalsAmong(ops);
  const bool are_too_many = AreTooMany(removals, remaining);
  if (!are_too_many && held_.empty()) return ops;
  std::vector<Op> passed;
  auto removal = removals.begin();
  for (Op& op : ops) {
    if (removal != removals.end() && *removal == &op) {
      ++removal;
      if (are_too_many || CarriesHeld(op.delete_().key())) {
        held_.insert_or_assign(KeyOf(op), std::move(op));
        continue;
      }
    }
    passed.push_back(std::move(op));
  }
  return passed;
}

std::vector<Op> RemovalHold::Release() {
  std::vector<Op> ops;
  ops.reserve(held_.size());
  for (auto& [key, op] : held_) ops.push_back(std::move(op));
  held_.clear();
  return ops;
}

std::vector<std::string> RemovalHold::Examples(size_t count) const {
  std::vector<std::string> examples;
  for (const auto& [key, op] : held_) {
    if (examples.size() == count) break;
    examples.push_back(feed::v1::KeyText(feed::v1::ViewOf(op.delete_().key())));
  }
  return examples;
}

}  // namespace podnamed::controller
