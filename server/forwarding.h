// A `forward` directive at work: from the words of the configuration to those of server/upstream.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "config/forward_options.h"
#include "server/forward_metrics.h"
#include "server/plugins/forward_targets.h"
#include "server/plugins/plugin.h"
#include "server/upstream/tls_context.h"
#include "server/upstream/upstream_group.h"

namespace podnamed {

// What the workers' plugins of one directive share, those of the next configuration too if the directive is unchanged.
struct ForwardShared {
  std::unique_ptr<plugins::ForwardTargets> targets;
  // By the server name that its targets ask for.
  std::vector<std::pair<std::string, std::shared_ptr<upstream::TlsContext>>> tls;
  // By worker: what it asks, and knows of whom it asks. Each belongs to its worker's thread, and lives as long as a
  // plugin there uses it.
  std::vector<std::weak_ptr<upstream::UpstreamGroup>> groups;
};

// An error is one sentence.
absl::StatusOr<std::shared_ptr<ForwardShared>> ShareForward(const config::ForwardOptions& options, int workers);

struct ForwardUse {
  boost::asio::any_io_executor executor;   // of the worker
  int worker = 0;                          // its number
  bool has_next = false;                   // another one follows in the block
  std::optional<absl::Duration> deadline;  // of a query; std::nullopt: CoreDNS's five seconds
  ForwardMetrics* metrics = nullptr;       // nullptr: no worker, and nobody is told
};

// One worker's, on its thread; all else outlives it.
std::unique_ptr<plugins::Plugin> MakeForward(const config::ForwardOptions& options, ForwardShared& shared,
                                             const ForwardUse& use);

}  // namespace podnamed
