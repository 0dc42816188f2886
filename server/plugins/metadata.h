// What is known of a query besides its question, under the labels that CoreDNS gives it: "kubernetes/namespace".
// Nothing is found out before somebody asks for a label. Each plugin that asks has its own; its worker's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/plugins/exchange.h"
#include "server/state/snapshot_holder.h"

namespace podnamed::plugins {

class Metadata {
 public:
  enum class Label : uint8_t {
    kUnknown,  // of no plugin here
    kEndpoint,
    kKind,
    kNamespace,
    kPortName,
    kProtocol,
    kService,
    kCluster,
    kZone,
    kParseError,
    kClientNamespace,
    kClientPodName,
    kUpstream,
    kView,
  };
  static Label LabelOf(std::string_view text);

  // Where the labels come from. All of it outlives this.
  struct Sources {
    const std::vector<dns::Name>* zones = nullptr;          // names outside of them have no metadata; nullptr: all have
    const std::vector<dns::Name>* cluster_zones = nullptr;  // folded; nullptr without a cluster
    const std::vector<dns::Name>* clusterset_zones = nullptr;  // those of them that are a clusterset's
    const state::SnapshotHolder* holder = nullptr;
  };
  explicit Metadata(const Sources& sources);

  // Puts the value behind `text`; false, and nothing, if there is none.
  bool Append(Label label, const Exchange& exchange, std::string& text);
  // Empty if there is none.
  std::string Find(std::string_view label, const Exchange& exchange) {
    std::string value;
    Append(LabelOf(label), exchange, value);
    return value;
  }
  // Lets go of what an old state keeps alive.
  void Refresh() {
    if (reader_) reader_->Refresh();
  }

 private:
  // Of a name of the cluster.
  void AppendPart(Label label, const dns::QueryName& name, std::string& text) const;
  void AppendPod(bool wants_namespace, const base::IpAddress& client, std::string& text);

  const Sources sources_;
  std::optional<state::SnapshotReader> reader_;
};

}  // namespace podnamed::plugins
