// TLS on a client's socket, the server's side: OpenSSL reads and writes the socket itself, and says which of the two it
// waits for. The handshake is a part of the first read, and takes turns with those of other connections. Beside Asio's
// own ssl::stream it can write without waiting, and an idle connection costs 70 KB of buffers less.
// One thread, that of the socket's io_context. REQUIRES: SIGPIPE is ignored (base/signals.h).
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <tuple>

#include "server/net/tls_context.h"
#include "server/net/turns.h"

namespace podnamed::net {

class TlsSession {
 public:
  // `socket` is connected and does not block; it must outlive this. `handshakes` are the turns of this thread.
  TlsSession(boost::asio::ip::tcp::socket& socket, const TlsContext& context, std::shared_ptr<Turns> handshakes);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // As a socket's own: at least one octet, or an error; eof when the client has closed its side, with a close_notify or
  // without. Ends with operation_aborted after Cancel, and may be called again then.
  boost::asio::awaitable<std::tuple<boost::system::error_code, size_t>> ReadSome(boost::asio::mutable_buffer buffer);
  // Takes what the socket has room for, and returns how much that was; the rest, or more that begins with it, is to
  // come next.
  size_t WriteSome(boost::asio::const_buffer octets, boost::system::error_code& error);
  // Waits until all is taken.
  boost::asio::awaitable<std::tuple<boost::system::error_code, size_t>> Write(boost::asio::const_buffer octets);

  // Ends what is waited for.
  void Cancel();

  // Octets that OpenSSL has read and not given out, or the beginning of a record of them.
  bool HasInput() const { return SSL_has_pending(ssl_.get()) == 1; }

  // Tells the client that nothing more comes (close_notify), as far as the socket has room. Before the socket is
  // closed.
  void SayGoodbye();

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  // Until the socket can do what the last call has asked for.
  boost::asio::awaitable<boost::system::error_code> Wait();
  // Of a call that returned `result`: would_block if it is to be repeated after a wait for `waits_for_`.
  boost::system::error_code ErrorOf(int result);

  boost::asio::ip::tcp::socket& socket_;
  const std::unique_ptr<SSL, Free> ssl_;
  const std::shared_ptr<Turns> handshakes_;
  boost::asio::ip::tcp::socket::wait_type waits_for_ = boost::asio::ip::tcp::socket::wait_read;
  bool is_cancelled_ = false;  // the read that is under way
  bool has_failed_ = false;    // for good
};

}  // namespace podnamed::net
