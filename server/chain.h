// The plugins that each worker makes of a server block: the one place that knows the order in which a query meets them,
// CoreDNS's (plugin.cfg), whatever their order in the Corefile.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "server/configuration.h"
#include "server/plugins/plugin.h"
#include "server/worker_metrics.h"

namespace podnamed {

// What plugins are made for besides their block.
struct ChainUse {
  boost::asio::any_io_executor executor;  // on which they wait
  int worker = 0;                         // its number
  WorkerMetrics* metrics = nullptr;       // outlives the chain; nullptr: a look from aside, which no plugin tells of
};

// The plugins of one worker for `block`, which must outlive them. On the thread that uses them.
plugins::PluginChain MakeChain(const Block& block, const ChainUse& use);

}  // namespace podnamed
