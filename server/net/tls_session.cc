#include "server/net/tls_session.h"

#include <openssl/err.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace podnamed::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);

}  // namespace

TlsSession::TlsSession(tcp::socket& socket, const TlsContext& context, std::shared_ptr<Turns> handshakes)
    : socket_(socket), ssl_(context.NewConnection()), handshakes_(std::move(handshakes)) {
  SSL_set_fd(ssl_.get(), socket.native_handle());
  SSL_set_accept_state(ssl_.get());
}

asio::awaitable<std::tuple<error_code, size_t>> TlsSession::ReadSome(asio::mutable_buffer buffer) {
  is_cancelled_ = false;
  while (true) {
    // It waits also for what may be there already: so everything else on this thread gets its turn.
    if (SSL_pending(ssl_.get()) == 0) {
      error_code error = co_await Wait();
      if (!error && SSL_is_init_finished(ssl_.get()) == 0) {
        const bool has_turn = co_await handshakes_->Next();
        if (!has_turn || !socket_.is_open()) error = asio::error::operation_aborted;
      }
      if (is_cancelled_) error = asio::error::operation_aborted;
      if (error) co_return std::tuple(error, size_t{0});
    }
    ERR_clear_error();
    size_t count = 0;
    const error_code error = ErrorOf(SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &count));
    if (error != asio::error::would_block) co_return std::tuple(error, count);
  }
}

size_t TlsSession::WriteSome(asio::const_buffer octets, error_code& error) {
  size_t written = 0;
  error.clear();
  while (!error && octets.size() > 0) {
    ERR_clear_error();
    size_t count = 0;
    error = ErrorOf(SSL_write_ex(ssl_.get(), octets.data(), octets.size(), &count));
    octets += count;
    written += count;
  }
  if (error == asio::error::would_block) error.clear();
  return written;
}

asio::awaitable<std::tuple<error_code, size_t>> TlsSession::Write(asio::const_buffer octets) {
  const size_t size = octets.size();
  while (true) {
    error_code error;
    octets += WriteSome(octets, error);
    if (!error && octets.size() > 0) error = co_await Wait();
    if (error || octets.size() == 0) co_return std::tuple(error, size - octets.size());
  }
}

asio::awaitable<error_code> TlsSession::Wait() {
  const auto [error] = co_await socket_.async_wait(waits_for_, kAwaitTuple);
  // It may have been closed since the wait ended: its descriptor, which OpenSSL would use, may be another's by now.
  co_return !error && !socket_.is_open() ? asio::error::operation_aborted : error;
}

void TlsSession::Cancel() {
  is_cancelled_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

void TlsSession::SayGoodbye() {
  if (!has_failed_ && SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

error_code TlsSession::ErrorOf(int result) {
  const int why = SSL_get_error(ssl_.get(), result);
  waits_for_ = why == SSL_ERROR_WANT_WRITE ? tcp::socket::wait_write : tcp::socket::wait_read;
  switch (why) {
    case SSL_ERROR_NONE:
      return {};
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return asio::error::would_block;
    case SSL_ERROR_ZERO_RETURN:
      return asio::error::eof;
    default:  // the client is gone, or what it sends is no TLS, or none that we speak
      has_failed_ = true;
      return asio::error::connection_aborted;
  }
}

}  // namespace podnamed::net
