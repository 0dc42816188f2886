#include "server/worker.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/synchronization/notification.h"
#include "server/base/status.h"

namespace podnamed {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kIdleInterval(1);
// Between two looks at what is left of an earlier configuration.
constexpr std::chrono::milliseconds kLookAgain(10);
// For the clients of an endpoint that is closed.
constexpr std::chrono::seconds kCloseGrace(5);

// Of the blocks that share an address the last one that sets a time decides, as in CoreDNS.
net::TcpOptions TcpOptionsOf(const std::shared_ptr<const Configuration>& configuration, const ServerAddress& address) {
  net::TcpOptions options;
  net::TcpDeadlines& deadlines = options.deadlines;
  for (const Block& block : configuration->blocks()) {
    const bool is_here = absl::c_any_of(block.zones, [&](const auto& zone) { return zone.first == address; });
    if (!is_here) continue;
    // All blocks there have the same certificate. What owns its source is kept, and freed on a thread that may wait.
    if (address.is_tls) options.tls = [configuration, tls = block.tls.get()] { return tls->Current(); };
    const auto& timeouts = block.options.timeouts;
    if (!timeouts) continue;
    if (timeouts->read) deadlines.first_query = deadlines.message = absl::ToChronoMilliseconds(*timeouts->read);
    if (timeouts->write) deadlines.write = absl::ToChronoMilliseconds(*timeouts->write);
    if (timeouts->idle) deadlines.idle = absl::ToChronoMilliseconds(*timeouts->idle);
    if (timeouts->max_queries) options.max_queries = *timeouts->max_queries;
  }
  return options;
}

}  // namespace

Worker::Listening::Listening(Sockets sockets, const net::TcpOptions& options, base::Counter& queries)
    : address(sockets.address),
      is_udp_shared(sockets.is_udp_shared),
      tasks(sockets.tcp.get_executor()),
      service(std::make_unique<service::QueryService>(std::vector<service::ServedZone>(), nullptr, &queries)),
      tcp(std::move(sockets.tcp), *service, options, tasks) {
  if (sockets.udp) udp.emplace(*std::move(sockets.udp), *service);
}

void Worker::Listening::Start() {
  if (udp) tasks.Spawn("udp", udp->Run());
  tcp.Start();
}

void Worker::Listening::Stop(std::chrono::milliseconds grace, Afterwards afterwards) {
  if (udp) udp->Stop();
  if (afterwards == Afterwards::kSuccessor) {
    tcp.Leave();
  } else {
    tcp.Stop();
  }
  tasks.EndWithin(grace);
}

Worker::Worker(int number, WorkerMetrics& metrics) : number_(number), metrics_(metrics) {
  tasks_.Spawn("refresh", RefreshWhenIdle());
  thread_ = std::thread([this] { io_context_.run(); });
}

Worker::~Worker() {
  if (!thread_.joinable()) return;
  Stop(std::chrono::milliseconds(0));
  Join();
}

absl::StatusOr<Worker::Sockets> Worker::Open(const ServerAddress& address, net::PortUse use, base::UniqueFd udp,
                                             base::UniqueFd tcp) {
  const asio::any_io_executor executor = io_context_.get_executor();
  const net::Endpoint& endpoint = address.endpoint;
  std::optional<asio::ip::udp::socket> udp_socket;
  if (!address.is_tls) {
    auto opened =
        udp ? net::AdoptUdpSocket(executor, endpoint, std::move(udp)) : net::OpenUdpSocket(executor, endpoint, use);
    RETURN_IF_ERROR(opened.status());
    udp_socket = *std::move(opened);
  }
  auto acceptor =
      tcp ? net::AdoptTcpAcceptor(executor, endpoint, std::move(tcp)) : net::OpenTcpAcceptor(executor, endpoint, use);
  RETURN_IF_ERROR(acceptor.status());
  return Sockets{address, std::move(udp_socket), *std::move(acceptor)};
}

std::vector<base::UniqueFd> Worker::CopyOfSockets() {
  std::vector<base::UniqueFd> copies;
  absl::Notification done;
  asio::post(io_context_, [&] {
    for (Listening& listening : listening_) {
      if (listening.udp) copies.push_back(listening.udp->CopyOfSocket());
      copies.push_back(listening.tcp.CopyOfSocket());
    }
    done.Notify();
  });
  done.WaitForNotification();
  return copies;
}

void Worker::Serve(std::shared_ptr<const Configuration> next, std::vector<Sockets> opened,
                   absl::AnyInvocable<void()> on_served) {
  asio::post(io_context_,
             [this, next = std::move(next), opened = std::move(opened), on_served = std::move(on_served)]() mutable {
               Take(std::move(next), std::move(opened));
               on_served();
             });
}

void Worker::Take(std::shared_ptr<const Configuration> next, std::vector<Sockets> opened) {
  if (stopping_) return;
  Generation& generation = generations_.emplace_back(Generation{std::move(next), {}});
  const Configuration& configuration = *generation.configuration;
  const ChainUse use = {.executor = io_context_.get_executor(), .worker = number_, .metrics = &metrics_};
  for (const Block& block : configuration.blocks()) generation.chains.push_back(MakeChain(block, use));

  const std::vector<ServerAddress> addresses = configuration.addresses();
  for (auto at = listening_.begin(); at != listening_.end();) {
    const auto listening = at++;
    if (absl::c_linear_search(addresses, listening->address)) {
      ServeAt(*listening);
      listening->tcp.set_options(TcpOptionsOf(generation.configuration, listening->address));
    } else {
      listening->Stop(kCloseGrace);
      closing_.splice(closing_.end(), listening_, listening);
    }
  }
  for (Sockets& sockets : opened) {
    const net::TcpOptions options = TcpOptionsOf(generation.configuration, sockets.address);
    Listening& listening = listening_.emplace_back(std::move(sockets), options, queries_);
    ServeAt(listening);
    listening.Start();
  }
  StartLettingGo();
}

void Worker::ServeAt(Listening& listening) {
  const Generation& generation = generations_.back();
  const Configuration& configuration = *generation.configuration;
  std::vector<service::ServedZone> zones;
  for (size_t i = 0; i < configuration.blocks().size(); ++i) {
    const Block& block = configuration.blocks()[i];
    for (size_t j = 0; j < block.zones.size(); ++j) {
      const auto& [address, zone] = block.zones[j];
      if (address == listening.address) zones.push_back({zone, &generation.chains[i], &block.entrances[j]});
    }
  }
  const std::string server = zones.front().entrance->server;
  plugins::QueryCounts* refused = nullptr;
  listening.receive_drops = nullptr;
  if (configuration.counts()) {
    refused = &metrics_.queries.Open(number_, server, QueryMetrics::kDropped);
    if (listening.udp && !listening.is_udp_shared) {
      listening.receive_drops = &metrics_.queries.OpenReceiveDrops(number_, server);
    }
  }
  listening.service->Serve(std::move(zones), refused);
}

bool Worker::IsWaitingOn(const Generation& generation) const {
  return absl::c_any_of(listening_, [&](const Listening& listening) {
    return absl::c_any_of(generation.chains,
                          [&](const plugins::PluginChain& chain) { return listening.service->IsWaitingOn(chain); });
  });
}

void Worker::StartLettingGo() {
  has_old_.store(true, std::memory_order_release);
  if (!std::exchange(is_letting_go_, true)) tasks_.Spawn("let go", LetGo());
}

// A query that waits does so for a bounded time: until its plugin's deadline, or those of the few that it leads to.
asio::awaitable<void> Worker::LetGo() {
  asio::steady_timer timer(io_context_);
  while (!stopping_) {
    closing_.remove_if([](const Listening& listening) { return listening.HasEnded(); });
    // An endpoint that closes may still have to answer, from an old one.
    for (auto at = generations_.begin(); closing_.empty() && std::next(at) != generations_.end();) {
      at = IsWaitingOn(*at) ? std::next(at) : generations_.erase(at);
    }
    const bool has_old = !closing_.empty() || generations_.size() > 1;
    if (!has_old) break;
    timer.expires_after(kLookAgain);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  is_letting_go_ = false;
  has_old_.store(false, std::memory_order_release);
}

// A worker without queries would keep an old cluster in memory: plugins let go of it now and then.
asio::awaitable<void> Worker::RefreshWhenIdle() {
  while (!stopping_) {
    idle_timer_.expires_after(kIdleInterval);
    co_await idle_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (generations_.empty()) continue;
    for (const plugins::PluginChain& chain : generations_.back().chains) {
      for (const auto& plugin : chain) plugin->OnIdle();
    }
    for (Listening& listening : listening_) {
      if (listening.receive_drops != nullptr) listening.receive_drops->Add(listening.udp->TakeReceiveDrops());
    }
  }
}

asio::awaitable<void> Worker::End() {
  asio::steady_timer timer(io_context_);
  const auto is_busy = [](const Listening& listening) { return !listening.tasks.empty(); };
  while (absl::c_any_of(listening_, is_busy) || absl::c_any_of(closing_, is_busy)) {
    timer.expires_after(kLookAgain);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  // What still waits is given up, and with it goes who would have resumed it.
  listening_.clear();
  closing_.clear();
  generations_.clear();
}

void Worker::Stop(std::chrono::milliseconds grace, Afterwards afterwards) {
  asio::post(io_context_, [this, grace, afterwards] {
    stopping_ = true;
    idle_timer_.cancel();
    for (Listening& listening : listening_) listening.Stop(grace, afterwards);
    for (Listening& listening : closing_) listening.tasks.EndWithin(grace);
    tasks_.Spawn("end", End());
  });
}

void Worker::Join() { thread_.join(); }

}  // namespace podnamed
