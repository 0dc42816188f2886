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
#include "server/dns/edns.h"
#include "server/dns/name.h"
#include "server/dns/query.h"
#include "server/dns/response.h"
#include "server/net/handler.h"
#include "server/plugins/plugin.h"

namespace podnamed::service {

// A zone that a server block answers for. Several zones may share a chain, which must outlive the service.
struct ServedZone {
  dns::Name zone;  // folded
  const plugins::PluginChain* chain = nullptr;
};

class QueryService : public net::Handler, private plugins::Resumer {
 public:
  // Queries that wait at one time; one more that would is answered with SERVFAIL.
  static constexpr size_t kMaxWaiting = 16384;
  // Of those that have been answered, so many are kept for the next ones: some 8 KB each.
  static constexpr size_t kMaxSpare = 256;

  explicit QueryService(std::vector<ServedZone> zones);
  QueryService(const QueryService&) = delete;
  QueryService& operator=(const QueryService&) = delete;
  // Those that wait get no reply.
  ~QueryService() override;

  net::Verdict Handle(const net::Request& request, absl::Span<uint8_t> buffer, size_t& reply_size) override;

 private:
  // An exchange, and what it needs besides while it waits.
  struct Waiting {
    plugins::Exchange exchange;
    const plugins::PluginChain* chain = nullptr;
    std::vector<uint8_t> packet;
    std::unique_ptr<net::ReplyPath> path;
  };

  void Resume(plugins::Exchange& exchange, plugins::Next next) override;

  // Asks the chain from where the exchange stands until a plugin answers or waits. Never kPass.
  static plugins::Next Walk(const plugins::PluginChain& chain, plugins::Exchange& exchange);
  const plugins::PluginChain* FindChain(const dns::QueryName& name) const;
  // Keeps the exchange at hand until it is resumed.
  void Wait(const net::Request& request, const plugins::PluginChain& chain);
  size_t Encode(const plugins::Exchange& exchange, absl::Span<uint8_t> buffer);
  net::Verdict Refuse(dns::Rcode rcode, std::optional<uint16_t> info_code, absl::Span<uint8_t> buffer,
                      size_t& reply_size);

  std::vector<ServedZone> zones_;     // most labels first
  std::unique_ptr<Waiting> at_hand_;  // that of the next query; nobody waits for it
  std::vector<std::unique_ptr<Waiting>> spare_;
  absl::flat_hash_map<const plugins::Exchange*, std::unique_ptr<Waiting>> waiting_;
  std::vector<uint8_t> late_reply_;
  dns::ResponseEncoder encoder_;
};

}  // namespace podnamed::service
