// `forward`: names at or below FROM are asked of other name servers. What the upstreams reply goes to the client with
// the client's own question and id; the rest of the policy is server/upstream/upstream_group.h's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/forward_options.h"
#include "server/plugins/forward_targets.h"
#include "server/plugins/plugin.h"
#include "server/upstream/upstream_group.h"

namespace podnamed::plugins {

class Forward : public Plugin {
 public:
  using MakeMembers = std::function<std::vector<upstream::GroupMember>(const std::vector<config::ForwardTarget>&)>;

  // `options` and `targets` outlive this. `has_next`: a `forward` follows in the same block, so that `next` has a
  // meaning. The group may be shared with another Forward of this thread that has the same options.
  Forward(const config::ForwardOptions& options, const ForwardTargets& targets,
          std::shared_ptr<upstream::UpstreamGroup> group, MakeMembers make_members, bool has_next);

  std::string_view name() const override { return "forward"; }
  // A name server that we know nothing of may know them.
  bool takes_every_class() const override { return true; }
  Next OnQuery(Exchange& exchange) override;
  // Takes up new targets, and lets go of what a peak of queries left.
  void OnIdle() override;

 private:
  void OnUpstreamReply(Exchange& exchange, const upstream::Reply& reply, const std::string& member);
  bool IsForNext(const dns::MessageView& view) const;

  const config::ForwardOptions& options_;
  const ForwardTargets& targets_;
  uint64_t version_ = 0;  // of targets_
  const std::shared_ptr<upstream::UpstreamGroup> group_;
  const MakeMembers make_members_;
  const bool has_next_;
  size_t under_way_ = 0;
};

}  // namespace podnamed::plugins
