// One query, from bytes to bytes: read it, find the server block whose zone is the longest match, ask the block's
// plugins in order, write the reply, at once or when a plugin that had to wait resumes. One per worker and listening
// port; that worker's thread alone. A query that does not wait allocates nothing once the vectors have grown to the
// widest answer.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "server/base/counter.h"
#include "server/dns/edns.h"
#include "server/dns/name.h"
#include "server/dns/query.h"
#include "server/dns/response.h"
#include "server/net/handler.h"
#include "server/plugins/plugin.h"
#include "server/plugins/query_counts.h"

namespace podnamed::service {

// A zone that a server block answers for. Several zones may share a chain, which must outlive the service.
struct ServedZone {
  dns::Name zone;  // folded
  const plugins::PluginChain* chain = nullptr;
  const plugins::Entrance* entrance = nullptr;  // for the plugins that want to know; outlives the service
  plugins::Plugin* condition = nullptr;         // of the chain's; Serve finds it
};

class QueryService : public net::Handler, private plugins::Conductor {
 public:
  // Queries that wait at one time; one more that would is answered with SERVFAIL.
  static constexpr size_t kMaxWaiting = 16384;
  // Of those that have been answered, so many are kept for the next ones: some 8 KB each.
  static constexpr size_t kMaxSpare = 256;

  // As Serve does. `handled`, if there is one, counts what comes and is a query, and outlives this.
  explicit QueryService(std::vector<ServedZone> zones, plugins::QueryCounts* refused = nullptr,
                        base::Counter* handled = nullptr);
  QueryService(const QueryService&) = delete;
  QueryService& operator=(const QueryService&) = delete;
  // Those that wait get no reply.
  ~QueryService() override;

  // Serves these zones from the next query on. Queries that wait go on through the chains they have begun with: those
  // must stay until none waits on them. `refused` counts the queries that no chain sees, of another class or for no
  // zone of ours; may be nullptr.
  void Serve(std::vector<ServedZone> zones, plugins::QueryCounts* refused);
  bool IsWaitingOn(const plugins::PluginChain& chain) const;
  bool IsWaiting() const { return !waiting_.empty(); }

  net::Verdict Handle(const net::Request& request, absl::Span<uint8_t> buffer, size_t& reply_size) override;
  void LookAhead(absl::Span<const net::Request> requests) override;
  void OnBatchSent() override {
    for (plugins::Plugin* plugin : want_batches_) plugin->OnBatchSent();
  }

 private:
  // Questions that questions lead to: a chain of aliases ends here at the latest.
  static constexpr int kMaxDepth = 10;

  // An exchange, and what it needs besides.
  struct Journey : plugins::Exchange {
    const plugins::PluginChain* chain = nullptr;
    size_t start = 0;  // of its way through the chain
    bool is_waiting = false;
    std::vector<uint8_t> packet;           // that `asked` points into, once it waits
    std::unique_ptr<net::ReplyPath> path;  // of a client that waits
    size_t sent = 0;                       // octets of a reply of several messages, so far
    // Of a question that another one has led to; it belongs to that one when it has its reply.
    Journey* parent = nullptr;
    Done done;
    std::vector<std::unique_ptr<Journey>> children;
  };

  void Resume(plugins::Exchange& exchange, plugins::Next next) override;
  void Ask(plugins::Exchange& parent, const dns::Name& name, dns::RecordType type, plugins::AskFrom from,
           Done done) override;
  void AskAside(plugins::Exchange& exchange, Done done) override;

  // A journey that begins behind the plugin that asks for it, or where the server has the question.
  std::unique_ptr<Journey> MakeChild(const Journey& parent, std::string_view name, dns::RecordType type, Done done);
  // Walks it to its end, or leaves it waiting.
  void Send(std::unique_ptr<Journey> child);
  // Asks the chain from where the journey stands until a plugin answers or waits. Never kPass.
  static plugins::Next Walk(Journey& journey);
  // The reply on its way up to those that had passed the query on.
  static void ShowReply(Journey& journey);
  // The first server block of the longest zone that is for the query. The exchange gets the entrances at which its
  // conditions are asked. `request`: what a client has sent; nullptr: a plugin asks.
  const ServedZone* FindZone(Journey& journey, const net::Request* request) const;
  std::unique_ptr<Journey> TakeSpare();
  void Recycle(std::unique_ptr<Journey> journey);
  // Keeps the journey at hand until it is resumed.
  void Wait(const net::Request& request);
  // It is not going to wait any more: `next` is kDone or kDrop.
  void Finish(std::unique_ptr<Journey> journey, plugins::Next next);
  // Sends the message at hand of a reply of several, and the next when the client has taken it.
  void SendPart(Journey& journey);
  void Continue(Journey& journey, bool is_taken);
  size_t Encode(plugins::Exchange& exchange, absl::Span<uint8_t> buffer);
  net::Verdict Refuse(dns::Rcode rcode, std::optional<uint16_t> info_code, absl::Span<uint8_t> buffer,
                      size_t& reply_size);

  std::vector<ServedZone> zones_;   // most labels first
  bool takes_every_class_ = false;  // one of their plugins
  plugins::QueryCounts* refused_ = nullptr;
  base::Counter* const handled_;
  std::vector<plugins::Plugin*> look_ahead_;
  std::vector<plugins::Plugin*> want_batches_;
  std::unique_ptr<Journey> at_hand_;  // of the next query that comes; it does not wait
  std::vector<std::unique_ptr<Journey>> spare_;
  absl::flat_hash_map<const Journey*, std::unique_ptr<Journey>> waiting_;
  std::vector<uint8_t> late_reply_;
  dns::ResponseEncoder encoder_;
};

}  // namespace podnamed::service
