#include "server/worker.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "server/base/status.h"

namespace podnamed {
namespace {

constexpr std::chrono::seconds kIdleInterval(1);

// Of the blocks that share an endpoint the last one that sets a time decides, as in CoreDNS.
net::TcpOptions TcpOptionsOf(const std::vector<Block>& blocks, const net::Endpoint& endpoint) {
  net::TcpOptions options;
  net::TcpDeadlines& deadlines = options.deadlines;
  for (const Block& block : blocks) {
    const auto& timeouts = block.options.timeouts;
    const bool is_here = std::any_of(block.zones.begin(), block.zones.end(),
                                     [&endpoint](const auto& zone) { return zone.first == endpoint; });
    if (!timeouts || !is_here) continue;
    if (timeouts->read) deadlines.first_query = deadlines.message = absl::ToChronoMilliseconds(*timeouts->read);
    if (timeouts->write) deadlines.write = absl::ToChronoMilliseconds(*timeouts->write);
    if (timeouts->idle) deadlines.idle = absl::ToChronoMilliseconds(*timeouts->idle);
  }
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Worker>> Worker::Start(const std::vector<Block>& blocks, net::PortUse use, int number,
                                                      WorkerMetrics& metrics) {
  std::unique_ptr<Worker> worker(new Worker(blocks, number, metrics));
  // Blocks that share an endpoint share its sockets.
  std::map<std::string, Shared> by_endpoint;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const Block& block = blocks[i];
    for (size_t j = 0; j < block.zones.size(); ++j) {
      const auto& [endpoint, zone] = block.zones[j];
      Shared& shared = by_endpoint[endpoint.ToString()];
      shared.endpoint = endpoint;
      shared.zones.push_back({zone, &worker->chains_[i], &block.entrances[j]});
    }
  }
  for (const auto& [text, shared] : by_endpoint) {
    RETURN_IF_ERROR(worker->Listen(shared, TcpOptionsOf(blocks, shared.endpoint), use));
  }
  worker->thread_ = std::thread([raw = worker.get()] { raw->io_context_.run(); });
  return worker;
}

Worker::Worker(const std::vector<Block>& blocks, int number, WorkerMetrics& metrics)
    : number_(number),
      metrics_(metrics),
      counts_(absl::c_any_of(blocks, [](const Block& block) { return block.options.prometheus.has_value(); })) {
  const ChainUse use = {.executor = io_context_.get_executor(), .worker = number, .metrics = &metrics};
  for (const Block& block : blocks) chains_.push_back(MakeChain(block, use));
  tasks_.Spawn("refresh", RefreshWhenIdle());
}

Worker::~Worker() {
  if (!thread_.joinable()) return;
  Stop(std::chrono::milliseconds(0));
  Join();
}

absl::Status Worker::Listen(const Shared& shared, const net::TcpOptions& tcp_options, net::PortUse use) {
  ASSIGN_OR_RETURN(auto udp_socket, net::OpenUdpSocket(io_context_.get_executor(), shared.endpoint, use));
  ASSIGN_OR_RETURN(auto tcp_acceptor, net::OpenTcpAcceptor(io_context_.get_executor(), shared.endpoint, use));
  plugins::QueryCounts* refused = nullptr;
  if (counts_) {
    const std::string& server = shared.zones.front().entrance->server;
    refused = &metrics_.queries.Open(number_, server, QueryMetrics::kDropped);
    receive_drops_.push_back(&metrics_.queries.OpenReceiveDrops(number_, server));
  }
  service::QueryService& service = services_.emplace_back(shared.zones, refused);
  net::UdpListener& udp = udp_listeners_.emplace_back(std::move(udp_socket), service);
  tasks_.Spawn("udp", udp.Run());
  tcp_listeners_.emplace_back(std::move(tcp_acceptor), service, tcp_options, tasks_).Start();
  return absl::OkStatus();
}

// A worker without queries would keep an old cluster in memory: plugins let go of it now and then.
boost::asio::awaitable<void> Worker::RefreshWhenIdle() {
  while (!stopping_) {
    idle_timer_.expires_after(kIdleInterval);
    co_await idle_timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    for (const plugins::PluginChain& chain : chains_) {
      for (const auto& plugin : chain) plugin->OnIdle();
    }
    CountReceiveDrops();
  }
}

void Worker::CountReceiveDrops() {
  for (size_t i = 0; i < receive_drops_.size(); ++i) receive_drops_[i]->Add(udp_listeners_[i].TakeReceiveDrops());
}

void Worker::Stop(std::chrono::milliseconds grace) {
  boost::asio::post(io_context_, [this, grace] {
    stopping_ = true;
    idle_timer_.cancel();
    for (net::UdpListener& listener : udp_listeners_) listener.Stop();
    for (net::TcpListener& listener : tcp_listeners_) listener.Stop();
    tasks_.EndWithin(grace);
  });
}

void Worker::Join() { thread_.join(); }

}  // namespace podnamed
