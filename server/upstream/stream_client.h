// Questions to one upstream over TCP or TLS, on a few connections that are kept and shared (RFC 7766 section 6.2.1).
// A question goes to the connection with the fewest in flight; another one is dialled only when all have many, since a
// server that answers in order holds up those behind a slow one. One thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "server/upstream/counters.h"
#include "server/upstream/exchange.h"
#include "server/upstream/query_message.h"
#include "server/upstream/random_source.h"
#include "server/upstream/stream_connection.h"

namespace podnamed::upstream {

struct StreamBounds {
  size_t max_connections = 8;                 // at least 1
  size_t max_in_flight_per_connection = 128;  // at least 1
  size_t max_idle_connections = 0;            // 0: no bound besides max_connections and their expiry
};

class StreamClient {
 public:
  struct Result {
    Outcome outcome = Outcome::kStopped;
    std::vector<uint8_t> message{};  // with kReply, as it came
    std::string why{};
    bool has_other_letters = false;  // with kReply
  };

  // In flight on each connection before another one is dialled.
  static constexpr size_t kPipelineDepth = 16;

  // `options`, `random` and `counters` must outlive this.
  StreamClient(boost::asio::any_io_executor executor, const StreamOptions& options, const StreamBounds& bounds,
               RandomSource& random, Counters& counters);
  StreamClient(const StreamClient&) = delete;
  StreamClient& operator=(const StreamClient&) = delete;
  ~StreamClient() { Stop(); }

  // Sends the query, under ids of its own, and gives it `read_timeout` for its reply, and for dialling what that takes,
  // but not beyond `deadline`. When a connection is closed that had been in use, the server need not have seen the
  // query, so it is asked again at once, on one that is newer. `query` and this must outlive the coroutine.
  boost::asio::awaitable<Result> Ask(QueryMessage* query, std::chrono::milliseconds read_timeout,
                                     Exchange::Clock::time_point deadline);

  // Closes all connections, ends every question that is under way, and refuses new ones.
  void Stop();

  size_t connections() const;

 private:
  // The connection for the next question, started after `newer_than`; nullptr if there is none and no room for one.
  std::shared_ptr<StreamConnection> Choose(Exchange::Clock::time_point newer_than);
  std::shared_ptr<StreamConnection> Dial();
  void CloseSurplus();

  boost::asio::any_io_executor executor_;
  const StreamOptions& options_;
  const StreamBounds bounds_;
  RandomSource& random_;
  Counters& counters_;
  const size_t transport_;
  std::vector<std::shared_ptr<StreamConnection>> connections_;
  bool stopped_ = false;
};

}  // namespace podnamed::upstream
