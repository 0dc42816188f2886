// One directive of the Corefile at work on a query. Plugins of a server block are asked in CoreDNS's fixed order until
// one of them answers. Each worker has its own: a plugin is used by one thread and may keep scratch.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "server/plugins/exchange.h"

namespace podnamed::plugins {

class Plugin {
 public:
  virtual ~Plugin() = default;

  // As the Corefile has it; empty where nobody needs it.
  virtual std::string_view name() const { return {}; }

  // Answer, pass on, or answer later. The reply is SERVFAIL without records when it is asked; what the plugin puts
  // there stays good until the reply has been sent.
  virtual Next OnQuery(Exchange& exchange) = 0;
  // The reply is here, and this one had passed the query on: last look, from the one that answered upwards.
  virtual void OnReply(Exchange&) {}
  // The reply has been written, `size` octets: 0 if there is none. Every plugin of the chain, in its order.
  virtual void OnSent(const Exchange&, size_t) {}
  // Whether queries of other classes than IN shall enter the chains of its port: all plugins see them then.
  virtual bool takes_every_class() const { return false; }
  // Whether the server block is for some queries alone: then it is asked of each, with its entrance, before its chain
  // is. `request` is what a client has sent; nullptr: a plugin asks.
  virtual bool is_condition() const { return false; }
  virtual bool Holds(const Exchange&, const net::Request* /*request*/) { return true; }
  // Queries have come together: for those who want it, LookAhead is called with the name of each, which lives as long
  // as the call, then Fetch; then each goes to the block that it is for, perhaps another's. What they will need may be
  // asked of memory (state/look_ahead.h); no more than a hint.
  virtual bool LooksAhead() const { return false; }
  virtual void LookAhead(const dns::QueryName&) {}
  virtual void Fetch() {}
  // The replies to all queries that came together have been sent. For those who want it, also after queries of others.
  virtual void OnBatchSent() {}
  virtual bool WantsBatches() const { return false; }
  // Called about once a second: lets go of what an old state keeps alive.
  virtual void OnIdle() {}
};

// The plugins of one server block, in the order in which they are asked.
using PluginChain = std::vector<std::unique_ptr<Plugin>>;

}  // namespace podnamed::plugins
