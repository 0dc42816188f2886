// One client's octets, both ways: over TCP as they are, or over TLS. What is above it need not know which.
// One thread, that of the socket's io_context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>

#include "server/base/ip_address.h"
#include "server/net/tls_context.h"
#include "server/net/tls_session.h"
#include "server/net/turns.h"

namespace podnamed::net {

class ClientStream {
 public:
  using IoResult = std::tuple<boost::system::error_code, size_t>;

  // `tls` is nullptr for TCP as it is, and is not needed any more when this returns. `handshakes` are the turns of this
  // thread.
  ClientStream(boost::asio::ip::tcp::socket socket, const TlsContext* tls, std::shared_ptr<Turns> handshakes);
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;
  // Closes.
  ~ClientStream() { Close(); }

  // At least one octet, or an error: eof when the client has closed its side; operation_aborted after Cancel, and then
  // it may be called again.
  boost::asio::awaitable<IoResult> ReadSome(boost::asio::mutable_buffer buffer);
  // Takes what there is room for, and returns how much that was; the rest, or more that begins with it, is to come
  // next.
  size_t WriteSome(boost::asio::const_buffer octets, boost::system::error_code& error);
  // Waits until all is taken.
  boost::asio::awaitable<IoResult> Write(boost::asio::const_buffer octets);

  // Whether something has arrived that is not read yet.
  bool HasInput() const;
  // Ends what is waited for.
  void Cancel();

  void Close();
  // Closes, and takes back what the client has not read yet: with a RST, for the kernel would go on keeping it.
  void Abort();

  bool is_open() const { return socket_.is_open(); }
  bool is_tls() const { return tls_.has_value(); }
  // Of our side; std::nullopt if the connection is gone. Asks the kernel.
  std::optional<base::IpAddress> LocalAddress() const;
  boost::asio::any_io_executor get_executor() { return socket_.get_executor(); }

 private:
  boost::asio::ip::tcp::socket socket_;
  std::optional<TlsSession> tls_;
};

}  // namespace podnamed::net
