// One query, from bytes to bytes: read it, find the server block whose zone is the longest match, ask the block's
// plugins in order, write the reply. One per worker and listening port; that worker's thread alone. Allocates nothing
// once its vectors have grown to the widest answer.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "server/dns/edns.h"
#include "server/dns/name.h"
#include "server/dns/query.h"
#include "server/dns/response.h"
#include "server/net/handler.h"
#include "server/plugins/plugin.h"
#include "server/resolve/answer.h"

namespace podnamed::service {

// The plugins of one server block, in the order in which they are asked.
using PluginChain = std::vector<std::unique_ptr<plugins::Plugin>>;

// A zone that a server block answers for. Several zones may share a chain, which must outlive the service.
struct ServedZone {
  dns::Name zone;  // folded
  const PluginChain* chain = nullptr;
};

class QueryService : public net::Handler {
 public:
  explicit QueryService(std::vector<ServedZone> zones);

  net::Verdict Handle(const net::Request& request, absl::Span<uint8_t> buffer, size_t& reply_size) override;

 private:
  // The answer of the block that serves the name; or why no block does.
  std::optional<dns::ExtendedError> Answer(const net::Request& request);
  const PluginChain* FindChain() const;
  size_t LimitOf(const net::Request& request) const;
  net::Verdict Reply(const dns::Response& response, const net::Request& request, absl::Span<uint8_t> buffer,
                     size_t& reply_size);

  std::vector<ServedZone> zones_;  // most labels first
  dns::Query query_;
  resolve::Answer answer_;
  dns::ResponseEncoder encoder_;
};

}  // namespace podnamed::service
