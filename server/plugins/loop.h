// `loop`: finds out whether what is forwarded comes back to this server. For a while after the start it sends itself
// "RANDOM.RANDOM.ZONE HINFO"; when that comes more often than it was sent, the process ends with exit code 1, for a
// loop keeps every server in it busy with nothing. CoreDNS's plugin/loop.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "server/base/endpoint.h"
#include "server/dns/name.h"
#include "server/plugins/plugin.h"
#include "server/upstream/upstream_group.h"

namespace podnamed::plugins {

// What the workers of one server block know of its query. Any thread.
class LoopSearch {
 public:
  // Seen more often than that, it is a loop.
  static constexpr int kMostSeen = 2;

  // `zone` is the block's first, `endpoint` where it answers for it.
  LoopSearch(const dns::Name& zone, const base::Endpoint& endpoint);

  const dns::Name& zone() const { return zone_; }
  const base::Endpoint& endpoint() const { return endpoint_; }
  // What is asked for. Folded.
  const dns::Name& name() const { return name_; }

  // The query has come. True if that makes it a loop.
  bool OnSeen() { return !is_over_.load(std::memory_order_relaxed) && ++seen_ > kMostSeen; }
  // It is sent once more: the one before it has had no reply.
  void BeginAgain() { seen_ = 0; }
  // From now on nothing is a loop.
  void End() { is_over_ = true; }

 private:
  const dns::Name zone_;
  const base::Endpoint endpoint_;
  const dns::Name name_;
  std::atomic<int> seen_ = 0;
  std::atomic<bool> is_over_ = false;
};

class Loop : public Plugin {
 public:
  using OnLoop = void (*)(const std::string& what);

  // `search` outlives this. `sender`, of one worker alone, asks this very server; nullptr: the others watch. `on_loop`
  // is told what has been found, for people.
  Loop(LoopSearch& search, std::unique_ptr<upstream::UpstreamGroup> sender, OnLoop on_loop);

  std::string_view name() const override { return "loop"; }
  Next OnQuery(Exchange& exchange) override;
  // Sends, waits, and gives up: nothing that a query would have to wait for.
  void OnIdle() override;

 private:
  void Send();

  LoopSearch& search_;
  std::unique_ptr<upstream::UpstreamGroup> sender_;  // nullptr when there is nothing more to send
  const OnLoop on_loop_;
  bool is_sent_ = false;  // and has no reply yet
  absl::Time end_;        // of the search
};

}  // namespace podnamed::plugins
