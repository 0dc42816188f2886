#include "server/upstream/test_name_server.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "server/dns/name.h"
#include "server/dns/types.h"

namespace podnamed::upstream {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);

// Where the question's name ends.
size_t NameEnd(const Octets& message) {
  size_t at = dns::kHeaderLength;
  while (message[at] != 0) at += message[at] + size_t{1};
  return at + 1;
}

// UDP and TCP on the same free port.
udp::socket BindUdp(asio::io_context& io, const asio::ip::address& address, tcp::acceptor& acceptor) {
  acceptor.open(address.is_v4() ? tcp::v4() : tcp::v6());
  acceptor.bind({address, 0});
  acceptor.listen();
  return {io, {address, acceptor.local_endpoint().port()}};
}

}  // namespace

Octets Answer(const Octets& query, uint8_t last) {
  Octets reply(query.begin(), query.begin() + static_cast<ptrdiff_t>(NameEnd(query) + 4));
  reply[2] |= 0x80;  // QR
  reply[3] = 0x80;   // RA
  reply[7] = 1;      // one answer
  reply[11] = 0;
  const std::array<uint8_t, 16> record{0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, last};
  reply.insert(reply.end(), record.begin(), record.end());
  return reply;
}

Octets WithId(Octets message, int id) {
  message[0] = static_cast<uint8_t>(id >> 8);
  message[1] = static_cast<uint8_t>(id);
  return message;
}

Octets WithRcode(Octets message, uint8_t rcode) {
  message[3] = static_cast<uint8_t>((message[3] & 0xF0) | rcode);
  return message;
}

Octets Folded(Octets message) {
  for (size_t i = dns::kHeaderLength; i < NameEnd(message); ++i) message[i] = dns::FoldCase(message[i]);
  return message;
}

Octets Truncated(Octets message) {
  message[2] |= 0x02;
  return message;
}

Octets ToOtherQuestion(Octets message) {
  message[dns::kHeaderLength + 1] = '_';
  return message;
}

int IdOf(const Octets& message) { return message[0] << 8 | message[1]; }

TestNameServer::Connection::Connection(tcp::socket socket, asio::ssl::context* tls) : socket_(std::move(socket)) {
  socket_.set_option(tcp::no_delay(true));
  if (tls != nullptr) tls_.emplace(socket_, *tls);
}

void TestNameServer::Connection::SendOctets(const Octets& octets) {
  error_code ignored;
  if (tls_) {
    asio::write(*tls_, asio::buffer(octets), ignored);
  } else {
    asio::write(socket_, asio::buffer(octets), ignored);
  }
}

void TestNameServer::Connection::Close() {
  error_code ignored;
  socket_.close(ignored);
}

Octets TestNameServer::Connection::Framed(const Octets& message) {
  Octets framed{static_cast<uint8_t>(message.size() >> 8), static_cast<uint8_t>(message.size())};
  framed.insert(framed.end(), message.begin(), message.end());
  return framed;
}

TestNameServer::TestNameServer(asio::io_context& io, std::string_view address, asio::ssl::context* tls)
    : io_(io), tls_(tls), udp_(io), acceptor_(io) {
  udp_ = BindUdp(io, asio::ip::make_address(address), acceptor_);
  udp_.non_blocking(true);
  on_udp = [this](const Octets& query, const udp::endpoint& client) { SendUdp(Answer(query), client); };
  on_stream = [](Connection& connection, const Octets& query) { connection.Send(Answer(query)); };
  AwaitDatagram();
  asio::co_spawn(io, Accept(), asio::detached);
}

void TestNameServer::SendUdp(const Octets& message, const udp::endpoint& client) {
  error_code ignored;  // a client that waits no longer
  udp_.send_to(asio::buffer(message), client, 0, ignored);
}

void TestNameServer::SendUdpFrom(std::string_view address, const Octets& message, const udp::endpoint& client) {
  udp::socket other(io_, udp::endpoint(asio::ip::make_address(address), 0));
  other.send_to(asio::buffer(message), client);
}

void TestNameServer::CloseConnections() {
  for (const auto& connection : connections_) connection->Close();
}

size_t TestNameServer::open_connections() const {
  return static_cast<size_t>(std::count_if(connections_.begin(), connections_.end(),
                                           [](const auto& connection) { return connection->is_open(); }));
}

void TestNameServer::AwaitDatagram() {
  udp_.async_wait(udp::socket::wait_read, [this](const error_code& error) {
    if (error) return;
    OnDatagrams();
    AwaitDatagram();
  });
}

void TestNameServer::OnDatagrams() {
  error_code error;
  while (!error) {
    Octets query(1024);
    udp::endpoint client;
    query.resize(udp_.receive_from(asio::buffer(query), client, 0, error));
    if (error) return;
    udp_queries.push_back(query);
    udp_clients.push_back(client);
    on_udp(query, client);
  }
}

asio::awaitable<void> TestNameServer::Accept() {
  while (true) {
    auto [error, socket] = co_await acceptor_.async_accept(kAwaitTuple);
    if (error) co_return;
    ++accepted;
    connections_.push_back(std::make_shared<Connection>(std::move(socket), tls_));
    asio::co_spawn(io_, Serve(connections_.back()), asio::detached);
  }
}

asio::awaitable<void> TestNameServer::Serve(std::shared_ptr<Connection> connection) {
  error_code error;
  if (connection->tls_) {
    std::tie(error) = co_await connection->tls_->async_handshake(asio::ssl::stream_base::server, kAwaitTuple);
  }
  while (!error) {
    const absl::Span<uint8_t> room = connection->reader_.Room();
    const auto buffer = asio::buffer(room.data(), room.size());
    size_t count = 0;
    if (connection->tls_) {
      std::tie(error, count) = co_await connection->tls_->async_read_some(buffer, kAwaitTuple);
    } else {
      std::tie(error, count) = co_await connection->socket_.async_read_some(buffer, kAwaitTuple);
    }
    if (error) break;
    connection->reader_.Filled(count);
    while (const auto query = connection->reader_.Next()) {
      stream_queries.emplace_back(query->begin(), query->end());
      on_stream(*connection, Octets(stream_queries.back()));
    }
  }
  connection->Close();
}

}  // namespace podnamed::upstream
