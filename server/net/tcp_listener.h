// Accepts TCP connections on one endpoint, plain or for TLS, and keeps their number and their time bounded (RFC 9210
// section 4.2). At the limit, or when the process is out of file descriptors, the idle connection whose deadline is
// nearest makes room for the newcomer; when none is idle the newcomer is refused, so that its client turns to another
// server at once. Deadlines are enforced by a look at all connections now and then, at most a quarter of the shortest
// deadline late: that way no query pays for setting a timer. A handshake of TLS is one more thing for which a client
// has its deadline; the idle connections whose deadline is nearest are those that have not finished it. However many
// there are, one of them is computed at a time, and then everything else on this thread gets its turn. One thread,
// that of the acceptor's io_context. `handler` and `tasks` must outlive this; this must outlive its tasks, or be
// destroyed after the io_context last ran.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "server/base/unique_fd.h"
#include "server/net/handler.h"
#include "server/net/task_group.h"
#include "server/net/tcp_connection.h"
#include "server/net/turns.h"

namespace podnamed::net {

class TcpListener {
 public:
  // `acceptor` comes from OpenTcpAcceptor or AdoptTcpAcceptor.
  TcpListener(boost::asio::ip::tcp::acceptor acceptor, Handler& handler, const TcpOptions& options, TaskGroup& tasks);
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  // Spawns the accept loop and the watch over deadlines. Call once.
  void Start();

  // Of the connections that are accepted from now on.
  void set_options(TcpOptions options);

  // Accepts what the kernel has already connected; when it returns nothing more is: who comes then finds another that
  // listens there, or nobody. Lets every connection answer what has arrived and end, and one that has brought no query
  // yet bring its first, for a moment. The tasks end when the last connection has: how long that may take is for
  // TaskGroup::EndWithin to say.
  void Stop();

  // Leaves newcomers to another process that has a copy of the socket. Every connection goes on until it has been
  // without a query for a moment, so that a client that waits for a reply, or has just sent a query, is not cut off;
  // what is left after kLeaving ends as by Stop.
  static constexpr std::chrono::milliseconds kLeaving{1'000};
  void Leave();

  // Another descriptor of the socket. The socket's thread.
  base::UniqueFd CopyOfSocket() { return base::UniqueFd::CopyOf(acceptor_.native_handle()); }

 private:
  boost::asio::awaitable<void> Accept();
  boost::asio::awaitable<void> CloseTheLate();

  // Admits up to `most` newcomers that wait already; the error if it could not even accept the first.
  boost::system::error_code AcceptWaiting(int most);
  void Admit(boost::asio::ip::tcp::socket socket);
  // Closes the idle connection whose deadline is nearest; false if none is idle.
  bool CloseAnIdleConnection();

  boost::asio::ip::tcp::acceptor acceptor_;
  Handler& handler_;
  TcpOptions options_;
  TaskGroup& tasks_;

  std::vector<uint8_t> reply_buffer_;        // shared by all connections: see TcpConnection
  const std::shared_ptr<Turns> handshakes_;  // of TLS
  std::list<TcpConnection> connections_;
  boost::asio::steady_timer watch_;  // the next look at the deadlines
  boost::asio::steady_timer pause_;  // before accepting again when something was lacking
  bool stopping_ = false;
  bool is_left_ = false;  // to another process, from now on
  TcpConnection::Clock::time_point leaves_until_ = TcpConnection::Clock::time_point::max();
};

}  // namespace podnamed::net
