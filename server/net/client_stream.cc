#include "server/net/client_stream.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "server/net/endpoint.h"

namespace podnamed::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);

}  // namespace

ClientStream::ClientStream(asio::ip::tcp::socket socket, const TlsContext* tls, std::shared_ptr<Turns> handshakes)
    : socket_(std::move(socket)) {
  error_code ignored;  // a socket that cannot even do this fails at its first read
  socket_.non_blocking(true, ignored);
  if (tls != nullptr) tls_.emplace(socket_, *tls, std::move(handshakes));
}

asio::awaitable<ClientStream::IoResult> ClientStream::ReadSome(asio::mutable_buffer buffer) {
  return tls_ ? tls_->ReadSome(buffer) : socket_.async_read_some(buffer, kAwaitTuple);
}

size_t ClientStream::WriteSome(asio::const_buffer octets, error_code& error) {
  if (tls_) return tls_->WriteSome(octets, error);
  const size_t written = socket_.write_some(octets, error);
  if (error == asio::error::would_block) error.clear();
  return written;
}

asio::awaitable<ClientStream::IoResult> ClientStream::Write(asio::const_buffer octets) {
  return tls_ ? tls_->Write(octets) : asio::async_write(socket_, octets, kAwaitTuple);
}

bool ClientStream::HasInput() const {
  error_code unreadable;
  return socket_.available(unreadable) > 0 || (tls_ && tls_->HasInput());
}

std::optional<base::IpAddress> ClientStream::LocalAddress() const {
  error_code error;
  const asio::ip::tcp::endpoint local = socket_.local_endpoint(error);
  if (error) return std::nullopt;
  return ToPeer(*local.data()).address;
}

void ClientStream::Cancel() {
  if (tls_) return tls_->Cancel();
  error_code ignored;
  socket_.cancel(ignored);
}

void ClientStream::Close() {
  if (!is_open()) return;
  if (tls_) tls_->SayGoodbye();
  error_code ignored;
  socket_.close(ignored);
}

void ClientStream::Abort() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

}  // namespace podnamed::net
