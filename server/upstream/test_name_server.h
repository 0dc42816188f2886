// For the tests of this room: a name server on a free port of a loopback address, over UDP and TCP (or TLS), that does
// what a test tells it. It runs in the test's own io_context, so nothing happens but in the order that the test sees.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/upstream/frame_reader.h"

namespace podnamed::upstream {

using Octets = std::vector<uint8_t>;

// The reply to `query` with one record, 192.0.2.`last`, and the query's letters.
Octets Answer(const Octets& query, uint8_t last = 1);
Octets WithId(Octets message, int id);
Octets WithRcode(Octets message, uint8_t rcode);
// The letters of its question in lower case.
Octets Folded(Octets message);
Octets Truncated(Octets message);
// To another question: the first letter of the first label differs.
Octets ToOtherQuestion(Octets message);
int IdOf(const Octets& message);

class TestNameServer {
 public:
  class Connection : public std::enable_shared_from_this<Connection> {
   public:
    Connection(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls);
    // Behind its length.
    void Send(const Octets& message) { SendOctets(Framed(message)); }
    void SendOctets(const Octets& octets);
    void Close();
    bool is_open() const { return socket_.is_open(); }

    static Octets Framed(const Octets& message);

   private:
    friend class TestNameServer;

    boost::asio::ip::tcp::socket socket_;
    std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
    FrameReader reader_;
  };
  using UdpHandler = std::function<void(const Octets& query, const boost::asio::ip::udp::endpoint& client)>;
  using StreamHandler = std::function<void(Connection& connection, const Octets& query)>;

  explicit TestNameServer(boost::asio::io_context& io, std::string_view address = "127.0.0.1",
                          boost::asio::ssl::context* tls = nullptr);

  uint16_t port() const { return udp_.local_endpoint().port(); }

  // What it does with a query; without being told, it answers.
  UdpHandler on_udp;
  StreamHandler on_stream;

  void SendUdp(const Octets& message, const boost::asio::ip::udp::endpoint& client);
  // The same from another address and port.
  void SendUdpFrom(std::string_view address, const Octets& message, const boost::asio::ip::udp::endpoint& client);

  // Refuses connections from now on.
  void RefuseConnections() { acceptor_.close(); }
  // Leaves those who connect from now on waiting.
  void IgnoreConnections() { acceptor_.cancel(); }
  void CloseConnections();
  size_t open_connections() const;

  // What it has seen.
  std::vector<Octets> udp_queries;
  std::vector<boost::asio::ip::udp::endpoint> udp_clients;
  std::vector<Octets> stream_queries;
  int accepted = 0;

 private:
  void AwaitDatagram();
  void OnDatagrams();
  boost::asio::awaitable<void> Accept();
  boost::asio::awaitable<void> Serve(std::shared_ptr<Connection> connection);

  boost::asio::io_context& io_;
  boost::asio::ssl::context* tls_;
  boost::asio::ip::udp::socket udp_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::vector<std::shared_ptr<Connection>> connections_;
};

}  // namespace podnamed::upstream
