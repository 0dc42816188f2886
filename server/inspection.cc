#include "server/inspection.h"

#include <sys/stat.h>

#include <set>
#include <utility>

#include "server/base/log.h"
#include "server/dns/types.h"
#include "server/net/handler.h"
#include "server/service/query_service.h"

namespace podnamed {

absl::StatusOr<std::unique_ptr<admin::InspectServer>> StartInspection(const InspectOptions& options,
                                                                      admin::Subject subject) {
  if (options.address.empty()) return nullptr;
  // /run is empty after each boot. Where this fails, so does what follows, and that says why.
  if (options.address == admin::kDefaultInspectAddress)
    ::mkdir("/run/podnamed", S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH);
  absl::StatusOr<std::unique_ptr<admin::InspectServer>> server =
      admin::InspectServer::Start(std::move(subject), options.address);
  if (server.ok()) {
    base::LogInfo("inspect", "podnamectl can look at {}", (*server)->address());
    return server;
  }
  if (options.is_required) return server;
  base::LogWarning("inspect", "{}; podnamectl cannot look at this server, -inspect names another place",
                   std::string(server.status().message()));
  return nullptr;
}

std::vector<uint8_t> AnswerAside(const std::vector<Block>& blocks, absl::Span<const uint8_t> query,
                                 const base::IpAddress& client) {
  std::vector<plugins::PluginChain> chains;
  for (const Block& block : blocks) chains.push_back(MakeChain(block));
  std::vector<service::ServedZone> zones;
  std::set<dns::Name> served;  // on one endpoint and on another: the first block counts
  for (size_t i = 0; i < blocks.size(); ++i) {
    for (const auto& [endpoint, zone] : blocks[i].zones) {
      if (served.insert(zone).second) zones.push_back({zone, &chains[i]});
    }
  }
  service::QueryService service(std::move(zones));
  std::vector<uint8_t> reply(dns::kMaxMessageLength);
  size_t size = 0;
  const net::Request request{.message = query, .client = client, .transport = net::Transport::kTcp};
  if (service.Handle(request, absl::MakeSpan(reply), size) == net::Verdict::kDrop) return {};
  reply.resize(size);
  return reply;
}

}  // namespace podnamed
