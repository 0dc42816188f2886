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

namespace podnamed {

// What the workers' plugins of one directive share.
struct ForwardShared {
  std::unique_ptr<plugins::ForwardTargets> targets;
  // By the server name that its targets ask for.
  std::vector<std::pair<std::string, std::shared_ptr<upstream::TlsContext>>> tls;
};

// `options` outlive it. An error is one sentence.
absl::StatusOr<ForwardShared> ShareForward(const config::ForwardOptions& options);

struct ForwardUse {
  boost::asio::any_io_executor executor;   // of the worker
  bool has_next = false;                   // another one follows in the block
  std::optional<absl::Duration> deadline;  // of a query; std::nullopt: CoreDNS's five seconds
  ForwardMetrics* metrics = nullptr;       // nullptr: nobody is told
};

// One worker's; all else outlives it.
std::unique_ptr<plugins::Plugin> MakeForward(const config::ForwardOptions& options, const ForwardShared& shared,
                                             const ForwardUse& use);

}  // namespace podnamed
