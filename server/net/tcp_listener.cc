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

// After so many newcomers everything else on this thread gets its turn.
constexpr int kNewcomersPerTurn = 32;
// What the kernel's backlog holds, by Linux's default; a flood of newcomers does not hold up a stop.
constexpr int kNewcomersAtStop = 4096;

// A newcomer for whom something is lacking stays in the backlog, which would wake the loop again and again.
constexpr std::chrono::milliseconds kPause{100};
// A client that asks no more for so long, or has not asked yet, may lose its connection to a process that leaves.
constexpr std::chrono::milliseconds kQuiet{200};
// Between two log lines about it.
constexpr std::chrono::minutes kSilence{1};

bool IsShortage(const error_code& error) {
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
      handshakes_(std::make_shared<Turns>(acceptor_.get_executor())),
      watch_(acceptor_.get_executor()),
      pause_(acceptor_.get_executor()) {
  error_code ignored;  // fails for no open socket
  acceptor_.non_blocking(true, ignored);
}

void TcpListener::Start() {
  tasks_.Spawn("TCP listener", Accept());
  tasks_.Spawn("TCP deadlines", CloseTheLate());
}

void TcpListener::set_options(TcpOptions options) {
  options_ = std::move(options);
  watch_.cancel();  // wakes it: it may have to look more often
}

void TcpListener::Stop() {
  stopping_ = true;
  options_.deadlines.first_query = std::min(options_.deadlines.first_query, kQuiet);
  for (TcpConnection& connection : connections_) connection.Stop(kQuiet);
  AcceptWaiting(kNewcomersAtStop);
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  watch_.cancel();
}

void TcpListener::Leave() {
  is_left_ = true;
  leaves_until_ = Clock::now() + kLeaving;
  options_.deadlines.idle = std::min(options_.deadlines.idle, kQuiet);
  error_code ignored;
  acceptor_.cancel(ignored);
  pause_.cancel();
  watch_.cancel();
  for (TcpConnection& connection : connections_) connection.LimitIdle(options_.deadlines.idle);
}

asio::awaitable<void> TcpListener::Accept() {
  Clock::time_point silent_until;
  while (!stopping_ && !is_left_) {
    const auto [error] = co_await acceptor_.async_wait(asio::socket_base::wait_read, kAwaitTuple);
    if (error) break;
    const error_code shortage = AcceptWaiting(kNewcomersPerTurn);
    if (!IsShortage(shortage)) continue;

    CloseAnIdleConnection();
    if (Clock::now() >= silent_until) {
      base::LogWarning("net", "cannot accept TCP: {}", shortage.message());
      silent_until = Clock::now() + kSilence;
    }
    pause_.expires_after(kPause);
    co_await pause_.async_wait(kAwaitTuple);
  }
  error_code ignored;
  acceptor_.close(ignored);
  watch_.cancel();  // nothing comes any more: if nothing is left either, the watch ends
}

error_code TcpListener::AcceptWaiting(int most) {
  for (int accepted = 0; accepted < most; ++accepted) {
    error_code error;
    tcp::socket socket = acceptor_.accept(error);
    // After the first, an error says nothing of a newcomer: Linux reports a lack of descriptors even when none waits.
    if (error) return accepted == 0 ? error : error_code();
    Admit(std::move(socket));
  }
  return {};
}

void TcpListener::Admit(tcp::socket socket) {
  error_code error;
  const tcp::endpoint client = socket.remote_endpoint(error);
  if (error) return;  // gone again
  if (connections_.size() >= options_.max_connections && !CloseAnIdleConnection()) return;

  if (connections_.empty()) watch_.cancel();  // wakes it: there is something to watch
  TcpConnection& connection = connections_.emplace_back(std::move(socket), ToPeer(*client.data()), handler_,
                                                        absl::MakeSpan(reply_buffer_), options_, handshakes_);
  if (stopping_) connection.Stop(kQuiet);
  tasks_.Spawn("TCP connection", connection.Run(), [this, entry = std::prev(connections_.end())] {
    connections_.erase(entry);
    if (connections_.empty()) watch_.cancel();  // nothing to watch
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
  while (acceptor_.is_open() || !connections_.empty()) {
    const std::chrono::milliseconds period = WatchPeriod(options_.deadlines);
    watch_.expires_at(connections_.empty() ? Clock::time_point::max() : Clock::now() + period);
    co_await watch_.async_wait(kAwaitTuple);
    const Clock::time_point now = Clock::now();
    for (TcpConnection& connection : connections_) {
      if (connection.deadline() <= now) {
        connection.Close();
      } else if (leaves_until_ <= now) {
        connection.Stop(std::chrono::milliseconds::zero());
      }
    }
  }
}

}  // namespace podnamed::net
