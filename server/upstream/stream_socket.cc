#include "server/upstream/stream_socket.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <utility>

namespace podnamed::upstream {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);

tcp::endpoint EndpointOf(const base::IpAddress& address) {
  if (address.is_v4()) return {asio::ip::address_v4(address.v4()), 0};
  return {asio::ip::address_v6(address.v6()), 0};
}

}  // namespace

StreamSocket::StreamSocket(const asio::any_io_executor& executor, std::shared_ptr<TlsContext> tls)
    : tls_context_(std::move(tls)), socket_(executor) {}

error_code StreamSocket::Prepare(const tcp& protocol, const std::optional<base::IpAddress>& source) {
  // Not Asio's open: a program that this process starts must not inherit it.
  const int fd = ::socket(protocol.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {errno, boost::system::system_category()};
  error_code error;
  socket_.assign(protocol, fd, error);
  if (error) {
    ::close(fd);
    return error;
  }
  socket_.set_option(tcp::no_delay(true), error);
  if (!error && source) socket_.bind(EndpointOf(*source), error);
  return error;
}

asio::awaitable<StreamSocket::OpenResult> StreamSocket::Open(tcp::endpoint server,
                                                             std::optional<base::IpAddress> source) {
  error_code error = Prepare(server.protocol(), source);
  if (!error) std::tie(error) = co_await socket_.async_connect(server, kAwaitTuple);
  if (error) co_return OpenResult{Outcome::kUnreachable, error.message()};
  if (tls_context_ == nullptr) co_return OpenResult{};

  const std::string address = server.address().to_string();
  tls_.emplace(socket_, tls_context_->context());
  if (const absl::Status status = tls_context_->ExpectServer(tls_->native_handle(), address); !status.ok()) {
    co_return OpenResult{Outcome::kTlsFailed, std::string(status.message())};
  }
  std::tie(error) = co_await tls_->async_handshake(asio::ssl::stream_base::client, kAwaitTuple);
  if (error) {
    co_return OpenResult{Outcome::kTlsFailed, tls_context_->HandshakeError(tls_->native_handle(), address, error)};
  }
  co_return OpenResult{};
}

asio::awaitable<StreamSocket::IoResult> StreamSocket::ReadSome(absl::Span<uint8_t> buffer) {
  IoResult result;
  const auto to = asio::buffer(buffer.data(), buffer.size());
  if (tls_) {
    std::tie(result.error, result.count) = co_await tls_->async_read_some(to, kAwaitTuple);
  } else {
    std::tie(result.error, result.count) = co_await socket_.async_read_some(to, kAwaitTuple);
  }
  co_return result;
}

asio::awaitable<StreamSocket::IoResult> StreamSocket::Write(absl::Span<const uint8_t> octets) {
  IoResult result;
  const auto from = asio::buffer(octets.data(), octets.size());
  if (tls_) {
    std::tie(result.error, result.count) = co_await asio::async_write(*tls_, from, kAwaitTuple);
  } else {
    std::tie(result.error, result.count) = co_await asio::async_write(socket_, from, kAwaitTuple);
  }
  co_return result;
}

void StreamSocket::Close() {
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace podnamed::upstream
