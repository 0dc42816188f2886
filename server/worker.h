// One thread that answers queries, and all it owns: event loop, sockets, plugins, scratch. Workers share what they read
// (resolvers, snapshots) and nothing else; the kernel spreads clients over their sockets.
//
// Sockets live as long as configurations name their endpoint, plugins as long as the configuration that they are made
// from is served, or a query waits on them.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "server/base/counter.h"
#include "server/base/unique_fd.h"
#include "server/chain.h"
#include "server/configuration.h"
#include "server/net/listen_socket.h"
#include "server/net/task_group.h"
#include "server/net/tcp_listener.h"
#include "server/net/udp_listener.h"
#include "server/service/query_service.h"
#include "server/worker_metrics.h"

namespace podnamed {

class Worker {
 public:
  // What a worker listens with at one address.
  struct Sockets {
    ServerAddress address;
    std::optional<boost::asio::ip::udp::socket> udp;  // none for TLS
    boost::asio::ip::tcp::acceptor tcp;
    bool is_udp_shared = false;  // with a worker that counts what it drops
  };

  // Who answers what comes after Stop.
  enum class Afterwards {
    kNobody,     // so all that is there by then is taken
    kSuccessor,  // another process, which has the sockets as well
  };

  // What is counted goes to `metrics`, which outlives this, under the worker's number.
  Worker(int number, WorkerMetrics& metrics);
  // Stops, if that has not been done.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Opens sockets for Serve, or takes those that are given, which are bound to the address. A failure is one sentence.
  // Any thread.
  absl::StatusOr<Sockets> Open(const ServerAddress& address, net::PortUse use, base::UniqueFd udp = {},
                               base::UniqueFd tcp = {});

  // Serves `next` from the next query on, and then calls `on_served`. `opened` are the sockets of its addresses that
  // the configuration before it has not. Addresses that it has not are closed when what has arrived there is answered.
  // Any thread; does not wait.
  void Serve(std::shared_ptr<const Configuration> next, std::vector<Sockets> opened,
             absl::AnyInvocable<void()> on_served);
  // Whether something of an earlier configuration is left: endpoints that close, queries that wait. Any thread.
  bool HasOld() const { return has_old_.load(std::memory_order_acquire); }

  // Another descriptor of each socket that it listens with. Any thread but its own; not after Stop.
  std::vector<base::UniqueFd> CopyOfSockets();

  // How many queries have come. Any thread.
  uint64_t queries() const { return queries_.value(); }

  // From now on nothing new is accepted; what has arrived is answered within `grace`. Any thread; does not wait.
  void Stop(std::chrono::milliseconds grace, Afterwards afterwards = Afterwards::kNobody);
  // Returns when the worker's thread has ended.
  void Join();

 private:
  // The plugins that are made from one configuration.
  struct Generation {
    std::shared_ptr<const Configuration> configuration;
    std::vector<plugins::PluginChain> chains;  // of each block
  };

  // One address.
  struct Listening {
    Listening(Sockets sockets, const net::TcpOptions& options, base::Counter& queries);
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;
    ~Listening() { service.reset(); }  // goes first: it holds reply paths of the listeners

    void Start();
    void Stop(std::chrono::milliseconds grace, Afterwards afterwards = Afterwards::kNobody);
    // All that had arrived is answered, or was given up.
    bool HasEnded() const { return tasks.empty() && !service->IsWaiting(); }

    const ServerAddress address;
    const bool is_udp_shared;
    net::TaskGroup tasks;
    std::unique_ptr<service::QueryService> service;
    std::optional<net::UdpListener> udp;
    net::TcpListener tcp;
    base::Counter* receive_drops = nullptr;  // of the UDP socket; nullptr if nobody reads it
  };

  void Take(std::shared_ptr<const Configuration> next, std::vector<Sockets> opened);
  // Serves the newest generation there.
  void ServeAt(Listening& listening);
  bool IsWaitingOn(const Generation& generation) const;
  boost::asio::awaitable<void> RefreshWhenIdle();
  // Lets go of what has ended of earlier configurations.
  boost::asio::awaitable<void> LetGo();
  void StartLettingGo();
  // Lets go of everything once nothing listens any more: then nothing keeps the thread.
  boost::asio::awaitable<void> End();

  const int number_;
  WorkerMetrics& metrics_;
  base::Counter queries_;
  boost::asio::io_context io_context_{1};  // one thread: no locks inside
  net::TaskGroup tasks_{io_context_.get_executor()};
  std::list<Generation> generations_;  // the one that is served last; those before it are waited on
  std::list<Listening> listening_;
  std::list<Listening> closing_;
  std::atomic<bool> has_old_ = false;
  bool is_letting_go_ = false;
  boost::asio::steady_timer idle_timer_{io_context_};
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace podnamed
