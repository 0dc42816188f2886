// Tells secondaries that zones have changed (NOTIFY, RFC 1996): once when the server starts, and then when the serial
// of a zone is another one. A thread of its own looks at all zones every second, so that no worker waits and changes
// that come together are told together.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "server/configuration.h"
#include "server/dns/name.h"
#include "server/net/task_group.h"
#include "server/state/snapshot_holder.h"

namespace podnamed {

class Notifier {
 public:
  // nullptr if no block has anybody to tell.
  static std::unique_ptr<Notifier> Start(std::shared_ptr<const Configuration> configuration);
  // Tells nobody any more.
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

 private:
  // Of a block that has `transfer`.
  struct Watched {
    const Block* block = nullptr;
    std::unique_ptr<state::SnapshotReader> reader;  // of its cluster; nullptr if it has none
    std::map<dns::Name, uint32_t> told;             // serials
  };

  explicit Notifier(std::shared_ptr<const Configuration> configuration) : configuration_(std::move(configuration)) {}

  boost::asio::awaitable<void> Watch();
  void Look(Watched& watched);
  void LookAtCluster(Watched& watched);
  // Tells those who are to know of the zone, unless they have been told.
  void Tell(Watched& watched, const dns::Name& zone, uint32_t serial);
  boost::asio::awaitable<void> Notify(dns::Name zone, uint32_t serial, base::Endpoint secondary);

  const std::shared_ptr<const Configuration> configuration_;
  boost::asio::io_context io_context_{1};
  net::TaskGroup tasks_{io_context_.get_executor()};
  boost::asio::steady_timer timer_{io_context_};
  std::vector<Watched> watched_;
  size_t under_way_ = 0;  // messages without a reply yet
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace podnamed
