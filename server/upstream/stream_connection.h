// One connection to an upstream, over TCP or TLS, with many questions at once: they are sent ahead, and replies, which
// may come in any order, find theirs by id and question (RFC 7766 sections 6.2.1.1 and 7). It dials by itself when it
// is started, takes questions from then on, and closes itself: when the server does, breaks the rules or falls silent,
// and when it has been idle for long. One thread. Everybody holds it by shared_ptr; its own coroutines do, while they
// run.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/base/ip_address.h"
#include "server/upstream/counters.h"
#include "server/upstream/exchange.h"
#include "server/upstream/frame_reader.h"
#include "server/upstream/query_message.h"
#include "server/upstream/random_source.h"
#include "server/upstream/stream_socket.h"

namespace podnamed::upstream {

struct StreamOptions {
  boost::asio::ip::tcp::endpoint server;
  std::optional<base::IpAddress> source;
  std::shared_ptr<TlsContext> tls;            // nullptr: TCP alone
  std::chrono::milliseconds connect_timeout;  // for connection and handshake together
  std::chrono::milliseconds expire;           // idle for so long: closed
};

class StreamConnection : public std::enable_shared_from_this<StreamConnection> {
 public:
  using Clock = Exchange::Clock;

  // One question on the connection. It counts itself in and out, so that it is safe to destroy its coroutine at any
  // time.
  class Asking {
   public:
    // Sends the query, under an id that is free on the connection, at once or when it has been dialled.
    // REQUIRES: connection->is_open(). `query` must outlive this.
    Asking(std::shared_ptr<StreamConnection> connection, QueryMessage& query, Clock::time_point deadline);
    ~Asking();
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

    // As of Exchange. kClosed says that the connection ended, which it may do before its server has read the query.
    boost::asio::awaitable<void> Wait();
    Exchange& exchange() { return exchange_; }
    // The reply's question had other letters than were sent.
    bool has_other_letters() const { return has_other_letters_; }

   private:
    friend class StreamConnection;

    std::shared_ptr<StreamConnection> connection_;
    QueryMessage& query_;
    Exchange exchange_;
    const Clock::time_point since_ = Clock::now();
    bool has_other_letters_ = false;
  };

  // `options`, `random` and `counters` are looked at as long as it is open.
  StreamConnection(const boost::asio::any_io_executor& executor, const StreamOptions& options, RandomSource& random,
                   Counters& counters);
  StreamConnection(const StreamConnection&) = delete;
  StreamConnection& operator=(const StreamConnection&) = delete;

  // Dials. Call once.
  void Start();
  // Ends every question on it with `outcome`. Nothing of what the constructor was given is looked at any more.
  void Close(Outcome outcome, const std::string& why);

  // It takes questions: it is dialling or connected.
  bool is_open() const { return !is_closed_; }
  size_t in_flight() const { return in_flight_.size(); }
  bool is_connected() const { return is_connected_; }
  bool has_answered() const { return has_answered_; }
  Clock::time_point started_at() const { return started_at_; }
  // REQUIRES: !is_open().
  Clock::time_point closed_at() const { return closed_at_; }

 private:
  // Messages in a row that answer no question, before a server is taken for mad.
  static constexpr int kMaxStrangers = 64;

  static boost::asio::awaitable<void> Run(std::shared_ptr<StreamConnection> self);
  static boost::asio::awaitable<void> WriteUnsent(std::shared_ptr<StreamConnection> self);

  void Send(Asking& asking);
  void Forget(Asking& asking);
  void StartWriting();
  void OnMessage(absl::Span<const uint8_t> message);
  void CloseAt(Clock::time_point time);
  void OnTimer();

  boost::asio::any_io_executor executor_;
  const StreamOptions& options_;
  RandomSource& random_;
  Counters& counters_;
  StreamSocket socket_;
  boost::asio::steady_timer timer_;  // to the end of dialling, then to a look whether it is idle

  const Clock::time_point started_at_ = Clock::now();
  bool is_connected_ = false;
  bool is_closed_ = false;
  bool is_writing_ = false;
  bool has_answered_ = false;
  Clock::time_point closed_at_;
  Clock::time_point last_received_;
  Clock::time_point last_used_;
  int strangers_ = 0;
  FrameReader reader_;
  std::vector<uint8_t> unsent_;   // queries with their prefixes: bounded by how many may be in flight
  std::vector<uint8_t> written_;  // is being written
  absl::flat_hash_map<uint16_t, Asking*> in_flight_;
};

}  // namespace podnamed::upstream
