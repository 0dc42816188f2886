// A `forward` directive at work: from the words of the configuration to those of server/upstream.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "config/forward_options.h"
#include "server/plugins/forward_targets.h"
#include "server/plugins/plugin.h"
#include "server/upstream/tls_context.h"

namespace podnamed {

// What the workers' plugins of one directive share.
struct ForwardShared {
  std::unique_ptr<plugins::ForwardTargets> targets;
  // By the server name that its targets ask for.
  std::vector<std::pair<std::string, std::shared_ptr<upstream::TlsContext>>> tls;
};

// `options` outlive it. An error is one sentence.
absl::StatusOr<ForwardShared> ShareForward(const config::ForwardOptions& options);

// One worker's, on its `executor`; all else outlives it. `has_next`: another one follows in the block.
std::unique_ptr<plugins::Plugin> MakeForward(const config::ForwardOptions& options, const ForwardShared& shared,
                                             bool has_next, const boost::asio::any_io_executor& executor);

}  // namespace podnamed
