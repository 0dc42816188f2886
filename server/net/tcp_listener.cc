#include "server/net/tcp_listener.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "server/base/log.h"

namespace podnamed::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = TcpConnection::Clock;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);

// The connection that could not be accepted stays in the backlog, which wakes the loop again and again.
constexpr std::chrono::milliseconds kPauseAfterError{100};

bool OutOfResources(const error_code& error) {
  return error == asio::error::no_descriptors || error == boost::system::errc::too_many_files_open_in_system ||
         error == asio::error::no_buffer_space || error == asio::error::no_memory;
}

std::chrono::milliseconds WatchPeriod(const TcpDeadlines& deadlines) {
  const auto shortest = std::min({deadlines.first_query, deadlines.idle, deadlines.message, deadlines.write});
  return std::max(shortest / 4, std::chrono::milliseconds(1));
}

}  // namespace

TcpListener::TcpListener(tcp::acceptor acceptor, Handler& handler, const TcpOptions& options, TaskGroup& tasks)
    : acceptor_(std::move(acceptor)),
      handler_(handler),
      options_(options),
      tasks_(tasks),
      reply_buffer_(TcpConnection::kReplyBufferOctets),
      watch_(acceptor_.get_executor()),
      pause_(acceptor_.get_executor()) {}

void TcpListener::Start() {
  tasks_.Spawn("TCP listener", Accept());
  tasks_.Spawn("TCP deadlines", CloseTheLate());
}

void TcpListener::Stop() {
  stopping_ = true;
  error_code ignored;
  acceptor_.cancel(ignored);
  pause_.cancel();
  watch_.cancel();
  for (TcpConnection& connection : connections_) connection.Stop();
}

asio::awaitable<void> TcpListener::Accept() {
  bool complained = false;
  while (!stopping_) {
    auto [error, socket] = co_await acceptor_.async_accept(kAwaitTuple);
    if (!error) {
      complained = false;
      Admit(std::move(socket));
    } else if (OutOfResources(error)) {
      if (!std::exchange(complained, true)) base::LogWarning("net", "cannot accept TCP: {}", error.message());
      CloseAnIdleConnection();
      pause_.expires_after(kPauseAfterError);
      co_await pause_.async_wait(kAwaitTuple);
    } else if (error == asio::error::operation_aborted) {
      break;
    }
    // Any other error is the newcomer's, which is gone (accept(2)).
  }
  if (stopping_) AcceptBacklog();
  error_code ignored;
  acceptor_.close(ignored);
}

void TcpListener::AcceptBacklog() {
  error_code error;
  acceptor_.non_blocking(true, error);
  while (!error) {
    tcp::socket socket = acceptor_.accept(error);
    if (!error) Admit(std::move(socket));
  }
}

void TcpListener::Admit(tcp::socket socket) {
  error_code error;
  const tcp::endpoint client = socket.remote_endpoint(error);
  if (error) return;  // gone again
  if (connections_.size() >= options_.max_connections && !CloseAnIdleConnection()) return;

  if (connections_.empty()) watch_.cancel();  // wakes it: there is something to watch
  TcpConnection& connection = connections_.emplace_back(std::move(socket), ToPeer(*client.data()), handler_,
                                                        absl::MakeSpan(reply_buffer_), options_.deadlines);
  if (stopping_) connection.Stop();
  tasks_.Spawn("TCP connection", connection.Run(), [this, entry = std::prev(connections_.end())] {
    connections_.erase(entry);
    if (stopping_ && connections_.empty()) watch_.cancel();
  });
}

bool TcpListener::CloseAnIdleConnection() {
  TcpConnection* chosen = nullptr;
  for (TcpConnection& connection : connections_) {
    if (connection.idle() && (chosen == nullptr || connection.deadline() < chosen->deadline())) chosen = &connection;
  }
  if (chosen == nullptr) return false;
  chosen->Close();
  return true;
}

asio::awaitable<void> TcpListener::CloseTheLate() {
  const std::chrono::milliseconds period = WatchPeriod(options_.deadlines);
  while (!stopping_ || !connections_.empty()) {
    watch_.expires_at(connections_.empty() ? Clock::time_point::max() : Clock::now() + period);
    co_await watch_.async_wait(kAwaitTuple);
    const Clock::time_point now = Clock::now();
    for (TcpConnection& connection : connections_) {
      if (connection.deadline() <= now) connection.Close();
    }
  }
}

}  // namespace podnamed::net
