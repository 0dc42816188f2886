// One thread that answers queries, and all it owns: event loop, sockets, plugins, scratch. Workers share what they read
// (resolvers, snapshots) and nothing else; the kernel spreads clients over their sockets.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "server/chain.h"
#include "server/net/endpoint.h"
#include "server/net/listen_socket.h"
#include "server/net/task_group.h"
#include "server/net/tcp_listener.h"
#include "server/net/udp_listener.h"
#include "server/service/query_service.h"

namespace podnamed {

class Worker {
 public:
  // Opens the worker's sockets; `blocks` must outlive this. A failure is one sentence. The first worker claims the
  // ports. What is counted goes to `metrics`, which must outlive this too, under the worker's number.
  static absl::StatusOr<std::unique_ptr<Worker>> Start(const std::vector<Block>& blocks, net::PortUse use, int number,
                                                       WorkerMetrics& metrics);
  // Stops, if that has not been done.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // From now on nothing new is accepted; what has arrived is answered within `grace`. Any thread; does not wait.
  void Stop(std::chrono::milliseconds grace);
  // Returns when the worker's thread has ended.
  void Join();

 private:
  Worker(const std::vector<Block>& blocks, int number, WorkerMetrics& metrics);

  // What blocks have on one endpoint.
  struct Shared {
    net::Endpoint endpoint;
    std::vector<service::ServedZone> zones;
  };

  absl::Status Listen(const Shared& shared, const net::TcpOptions& tcp_options, net::PortUse use);
  boost::asio::awaitable<void> RefreshWhenIdle();
  void CountReceiveDrops();

  const int number_;
  WorkerMetrics& metrics_;
  // Whether anything is read that is counted outside of chains.
  bool counts_;
  boost::asio::io_context io_context_{1};  // one thread: no locks inside
  net::TaskGroup tasks_{io_context_.get_executor()};
  std::vector<plugins::PluginChain> chains_;  // of each block
  std::deque<net::UdpListener> udp_listeners_;
  std::vector<base::Counter*> receive_drops_;  // of each UDP listener; empty if they are not counted
  std::deque<net::TcpListener> tcp_listeners_;
  std::deque<service::QueryService> services_;  // go first: they hold reply paths of the listeners
  boost::asio::steady_timer idle_timer_{io_context_};
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace podnamed
