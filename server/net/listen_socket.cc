#include "server/net/listen_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace podnamed::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;

// Room for the queries of a burst while the worker is busy: about 2,500, by the kernel's own accounting.
constexpr int kUdpReceiveOctets = 1 << 20;

// What one client that does not read can make the kernel keep. Replies are small: a larger window gains them nothing.
constexpr int kTcpSendOctets = 64 << 10;

// An int-valued socket option that Asio has no name for.
template <typename Socket>
error_code SetOption(Socket& socket, int level, int name, int value) {
  if (setsockopt(socket.native_handle(), level, name, &value, sizeof(value)) == 0) return {};
  return error_code(errno, boost::system::system_category());
}

template <typename Socket>
constexpr bool kIsTcp = std::is_same_v<typename Socket::protocol_type, tcp>;

asio::ip::address ToAsio(const base::IpAddress& address) {
  if (address.is_v4()) return asio::ip::address_v4(address.v4());
  return asio::ip::address_v6(address.v6());
}

enum class Families { kOne, kBoth };

template <typename Socket>
error_code OpenAndBind(Socket& socket, const typename Socket::endpoint_type& local, Families families, PortUse use) {
  error_code error;
  socket.open(local.protocol(), error);
  if (!error && local.address().is_v6()) {
    socket.set_option(asio::ip::v6_only(families == Families::kOne), error);
  }
  // A restart must not wait for the last run's connections in TIME_WAIT; a listening socket still counts as a conflict.
  if (!error && kIsTcp<Socket>) error = SetOption(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  if (!error && use == PortUse::kShare) error = SetOption(socket, SOL_SOCKET, SO_REUSEPORT, 1);
  if (!error) socket.bind(local, error);
  if (!error && use == PortUse::kClaim) error = SetOption(socket, SOL_SOCKET, SO_REUSEPORT, 1);
  return error;
}

template <typename Socket>
error_code OpenAndBind(Socket& socket, const Endpoint& endpoint, PortUse use) {
  using SocketEndpoint = typename Socket::endpoint_type;
  if (endpoint.address.has_value()) {
    return OpenAndBind(socket, SocketEndpoint(ToAsio(*endpoint.address), endpoint.port), Families::kOne, use);
  }
  const error_code error =
      OpenAndBind(socket, SocketEndpoint(asio::ip::address_v6::any(), endpoint.port), Families::kBoth, use);
  if (error.value() != EAFNOSUPPORT && error.value() != EADDRNOTAVAIL) return error;
  error_code ignored;  // a host without IPv6
  socket.close(ignored);
  return OpenAndBind(socket, SocketEndpoint(asio::ip::address_v4::any(), endpoint.port), Families::kOne, use);
}

absl::Status CannotListen(const char* protocol, const Endpoint& endpoint, const error_code& error) {
  std::string reason;
  switch (error.value()) {
    case EACCES:
      reason = "permission denied; run as root or give the program CAP_NET_BIND_SERVICE";
      break;
    case EADDRINUSE:
      reason = "address already in use; another name server is running there";
      break;
    case EADDRNOTAVAIL:
      reason = "this host has no such address";
      break;
    case EAFNOSUPPORT:
      reason = "this host has no IPv6";
      break;
    default:
      reason = error.message();
  }
  return absl::Status(absl::ErrnoToStatusCode(error.value()),
                      absl::StrCat("cannot listen on ", protocol, " ", endpoint.ToString(), ": ", reason));
}

// A wildcard socket must learn of each query which of the host's addresses it was sent to, to answer from that one.
error_code TellLocalAddress(udp::socket& socket, const udp::endpoint& local) {
  return local.protocol() == udp::v6() ? SetOption(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
                                       : SetOption(socket, IPPROTO_IP, IP_PKTINFO, 1);
}

// What a bound socket needs besides.
error_code Prepare(udp::socket& socket) {
  error_code error;
  const udp::endpoint local = socket.local_endpoint(error);
  if (!error && local.address().is_unspecified()) error = TellLocalAddress(socket, local);
  SetOption(socket, SOL_SOCKET, SO_RCVBUF, kUdpReceiveOctets);  // as much of it as net.core.rmem_max allows
  return error;
}

error_code Prepare(tcp::acceptor& acceptor) {
  // Accepted sockets inherit these two. Replies are written whole: Nagle's algorithm would only hold the last one back.
  error_code error = SetOption(acceptor, IPPROTO_TCP, TCP_NODELAY, 1);
  if (!error) error = SetOption(acceptor, SOL_SOCKET, SO_SNDBUF, kTcpSendOctets);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  return error;
}

template <typename Socket>
absl::StatusOr<Socket> Open(const asio::any_io_executor& executor, const Endpoint& endpoint, PortUse use) {
  Socket socket(executor);
  error_code error = OpenAndBind(socket, endpoint, use);
  if (!error) error = Prepare(socket);
  // Asio leaves it to the kernel to take a closed socket out of epoll, which it does not while another process has a
  // copy; only one that was assigned is taken out first.
  if (!error) {
    const auto protocol = socket.local_endpoint(error).protocol();
    socket.assign(protocol, socket.release(error), error);
  }
  if (error) return CannotListen(kIsTcp<Socket> ? "TCP" : "UDP", endpoint, error);
  return socket;
}

template <typename Socket>
absl::StatusOr<Socket> Adopt(const asio::any_io_executor& executor, const Endpoint& endpoint, base::UniqueFd fd) {
  Socket socket(executor);
  sockaddr_storage local = {};
  socklen_t size = sizeof(local);
  error_code error;
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&local), &size) != 0) {
    error = error_code(errno, boost::system::system_category());
  }
  using Protocol = typename Socket::protocol_type;
  if (!error) socket.assign(local.ss_family == AF_INET6 ? Protocol::v6() : Protocol::v4(), fd.get(), error);
  if (!error) fd.release();
  // For the further workers, whatever its first owner thought of others.
  if (!error) error = SetOption(socket, SOL_SOCKET, SO_REUSEPORT, 1);
  if (!error) error = Prepare(socket);
  if (error) return CannotListen(kIsTcp<Socket> ? "TCP" : "UDP", endpoint, error);
  return socket;
}

}  // namespace

absl::StatusOr<udp::socket> OpenUdpSocket(const asio::any_io_executor& executor, const Endpoint& endpoint,
                                          PortUse use) {
  return Open<udp::socket>(executor, endpoint, use);
}

absl::StatusOr<tcp::acceptor> OpenTcpAcceptor(const asio::any_io_executor& executor, const Endpoint& endpoint,
                                              PortUse use) {
  return Open<tcp::acceptor>(executor, endpoint, use);
}

absl::StatusOr<udp::socket> AdoptUdpSocket(const asio::any_io_executor& executor, const Endpoint& endpoint,
                                           base::UniqueFd fd) {
  return Adopt<udp::socket>(executor, endpoint, std::move(fd));
}

absl::StatusOr<tcp::acceptor> AdoptTcpAcceptor(const asio::any_io_executor& executor, const Endpoint& endpoint,
                                               base::UniqueFd fd) {
  return Adopt<tcp::acceptor>(executor, endpoint, std::move(fd));
}

}  // namespace podnamed::net
