// `kubernetes`: answers for the cluster's zones from the newest snapshot; passes on names outside of them. The name
// that an ExternalName stands for is asked of the server as if a client had, if it is not the cluster's.
#pragma once

#include "absl/random/random.h"
#include "server/plugins/plugin.h"
#include "server/resolve/resolver.h"
#include "server/state/snapshot_holder.h"

namespace podnamed::plugins {

class Kubernetes : public Plugin {
 public:
  // Both must outlive this.
  Kubernetes(const resolve::Resolver& resolver, const state::SnapshotHolder& holder)
      : resolver_(resolver), reader_(holder) {}

  std::string_view name() const override { return "kubernetes"; }
  Next OnQuery(Exchange& exchange) override;
  void OnIdle() override { reader_.Refresh(); }

 private:
  // False if the name is in no zone of ours.
  bool Answer(Exchange& exchange);
  // With what an ExternalName stands for.
  void Complete(Exchange& exchange, const Exchange& child);

  const resolve::Resolver& resolver_;
  state::SnapshotReader reader_;
  absl::InsecureBitGen random_;  // orders addresses: fairness, not secrecy
};

}  // namespace podnamed::plugins
