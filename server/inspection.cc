#include "server/inspection.h"

#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "server/base/log.h"
#include "server/chain.h"
#include "server/dns/types.h"
#include "server/net/handler.h"
#include "server/service/query_service.h"

namespace podnamed {

admin::Subject SubjectOf(const std::shared_ptr<const Configuration>& configuration, int workers,
                         absl::Time started_at) {
  admin::Subject subject;
  subject.owner = configuration;
  subject.started_at = started_at;
  subject.workers = workers;
  for (const std::shared_ptr<Cluster>& cluster : configuration->clusters()) {
    admin::ClusterSubject& added = subject.clusters.emplace_back(cluster->subject());
    for (const Block& block : configuration->blocks()) {
      if (block.cluster != cluster.get()) continue;
      const auto add = [&](admin::ZoneSubject zone) {
        if (!absl::c_linear_search(added.zones, zone)) added.zones.push_back(std::move(zone));
      };
      const resolve::ResolverOptions& answers = block.options.kubernetes->answers;
      for (const dns::Name& name : answers.zones) add({name, absl::c_linear_search(answers.clusterset_zones, name)});
      if (!block.options.external) continue;
      for (const dns::Name& name : block.options.external->zones) {
        add({.name = name, .external_apex = block.options.external->names.apex});
      }
    }
  }
  for (const Block& block : configuration->blocks()) {
    admin::BlockSubject& added = subject.blocks.emplace_back();
    for (const auto& [address, zone] : block.zones) {
      added.zones.emplace_back(address.ToText(), zone.ToText());
    }
    if (block.cluster != nullptr) added.source = TextOf(block.cluster->source());
  }
  subject.answer = [&blocks = configuration->blocks()](absl::Span<const uint8_t> query, const base::IpAddress& client) {
    return AnswerAside(blocks, query, client);
  };
  return subject;
}

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

namespace {

// Keeps the one reply.
class ReplyKeeper final : public net::ReplyPathMaker {
 public:
  std::unique_ptr<net::ReplyPath> MakeReplyPath(const net::Request&) override {
    class Path : public net::ReplyPath {
     public:
      explicit Path(std::vector<uint8_t>& reply) : reply_(reply) {}
      void Send(absl::Span<const uint8_t> message) override { reply_.assign(message.begin(), message.end()); }

     private:
      std::vector<uint8_t>& reply_;
    };
    return std::make_unique<Path>(reply);
  }

  std::vector<uint8_t> reply;
};

}  // namespace

std::vector<uint8_t> AnswerAside(const std::vector<Block>& blocks, absl::Span<const uint8_t> query,
                                 const base::IpAddress& client) {
  constexpr std::chrono::seconds kPatience(6);  // a bit more than `forward` has
  boost::asio::io_context io_context(1);
  std::vector<plugins::PluginChain> chains;
  for (const Block& block : blocks) chains.push_back(MakeChain(block, {.executor = io_context.get_executor()}));
  std::vector<service::ServedZone> zones;
  std::set<dns::Name> served;  // on one endpoint and on another: the first block counts
  for (size_t i = 0; i < blocks.size(); ++i) {
    for (const auto& [address, zone] : blocks[i].zones) {
      if (blocks[i].options.view || served.insert(zone).second) zones.push_back({zone, &chains[i]});
    }
  }
  ReplyKeeper keeper;
  service::QueryService service(std::move(zones));
  std::vector<uint8_t> buffer(dns::kMaxMessageLength);
  size_t size = 0;
  const net::Request request{.message = query, .client = client, .transport = net::Transport::kTcp, .later = &keeper};
  switch (service.Handle(request, absl::MakeSpan(buffer), size)) {
    case net::Verdict::kReply:
      buffer.resize(size);
      return buffer;
    case net::Verdict::kDrop:
      return {};
    case net::Verdict::kLater:
      break;
  }
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (keeper.reply.empty() && io_context.run_one_until(deadline) > 0) {
  }
  return keeper.reply;
}

}  // namespace podnamed
