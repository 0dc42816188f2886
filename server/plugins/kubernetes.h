// `kubernetes` and `k8s_external`: answer for the zones of their resolver from the newest snapshot; pass on names
// outside of them. The name that an ExternalName or a load balancer's hostname stands for is asked of the server as if
// a client had, if it is not the resolver's.
#pragma once

#include <string_view>

#include "absl/random/random.h"
#include "server/plugins/plugin.h"
#include "server/resolve/resolver.h"
#include "server/state/snapshot_holder.h"

namespace podnamed::plugins {

class Kubernetes : public Plugin {
 public:
  // Both must outlive this. `name` is a literal.
  Kubernetes(const resolve::Resolver& resolver, const state::SnapshotHolder& holder,
             std::string_view name = "kubernetes")
      : name_(name), resolver_(resolver), reader_(holder) {}

  std::string_view name() const override { return name_; }
  Next OnQuery(Exchange& exchange) override;
  bool LooksAhead() const override { return true; }
  // Current might let go of a snapshot into which the names before this one have led.
  void LookAhead(const dns::QueryName& name) override {
    if (const state::Snapshot* snapshot = reader_.seen()) resolver_.LookAhead(name, *snapshot, ahead_);
  }
  void Fetch() override { ahead_.Fetch(); }
  void OnIdle() override { reader_.Refresh(); }

 private:
  // False if the name is in no zone of ours.
  bool Answer(Exchange& exchange);
  // With what the alias at its end stands for.
  void Complete(Exchange& exchange, const Exchange& child);

  const std::string_view name_;
  const resolve::Resolver& resolver_;
  state::SnapshotReader reader_;
  state::LookAhead ahead_;
  absl::InsecureBitGen random_;  // orders addresses: fairness, not secrecy
};

}  // namespace podnamed::plugins
