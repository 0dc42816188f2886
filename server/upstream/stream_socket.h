// A TCP connection with or without TLS: the one place that knows which. One thread; at most one read and one write at a
// time. Closing it ends them with an error; it must outlive them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/types/span.h"
#include "server/base/ip_address.h"
#include "server/upstream/question.h"
#include "server/upstream/tls_context.h"

namespace podnamed::upstream {

class StreamSocket {
 public:
  struct OpenResult {
    Outcome outcome = Outcome::kReply;  // kReply: it is open; else kUnreachable or kTlsFailed
    std::string why{};
  };
  struct IoResult {
    boost::system::error_code error;
    size_t count = 0;
  };

  // `tls`: nullptr for none.
  StreamSocket(const boost::asio::any_io_executor& executor, std::shared_ptr<TlsContext> tls);

  // Connects, and shakes hands.
  boost::asio::awaitable<OpenResult> Open(boost::asio::ip::tcp::endpoint server, std::optional<base::IpAddress> source);
  boost::asio::awaitable<IoResult> ReadSome(absl::Span<uint8_t> buffer);
  boost::asio::awaitable<IoResult> Write(absl::Span<const uint8_t> octets);
  void Close();

 private:
  boost::system::error_code Prepare(const boost::asio::ip::tcp& protocol, const std::optional<base::IpAddress>& source);

  std::shared_ptr<TlsContext> tls_context_;
  boost::asio::ip::tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
};

}  // namespace podnamed::upstream
