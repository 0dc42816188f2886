// Opens the sockets that a server listens on. Every worker opens its own for the same endpoint, and the kernel spreads
// the clients over them (SO_REUSEPORT). Called at start; a failure is one sentence for the person who starts the
// server.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>

#include "absl/status/statusor.h"
#include "server/base/unique_fd.h"
#include "server/net/endpoint.h"

namespace podnamed::net {

// SO_REUSEPORT alone would let a second server of the same user take half of the queries in silence. So the first
// socket of an endpoint is bound without it, which fails if anybody has the port, and is opened to others only once it
// is bound: no moment lies between the check and the bind.
enum class PortUse {
  kClaim,  // the process's first socket on this endpoint: an error if the port is taken
  kShare,  // a further worker's: joins the sockets that this process has already bound there
};

// All of these may be copied and given to another process: the event loop lets go of them by itself when they close.

// A bound socket. With an endpoint without address it takes queries of both families where the host has IPv6, and
// tells the local address of each (IP_PKTINFO, IPV6_PKTINFO). Port 0 means a free port: see the socket's
// local_endpoint().
absl::StatusOr<boost::asio::ip::udp::socket> OpenUdpSocket(const boost::asio::any_io_executor& executor,
                                                           const Endpoint& endpoint, PortUse use);

// A listening socket; the same for TCP.
absl::StatusOr<boost::asio::ip::tcp::acceptor> OpenTcpAcceptor(const boost::asio::any_io_executor& executor,
                                                               const Endpoint& endpoint, PortUse use);

// The same of a socket that another process has bound to `endpoint`, and given to this one with what lies in it.
absl::StatusOr<boost::asio::ip::udp::socket> AdoptUdpSocket(const boost::asio::any_io_executor& executor,
                                                            const Endpoint& endpoint, base::UniqueFd fd);
absl::StatusOr<boost::asio::ip::tcp::acceptor> AdoptTcpAcceptor(const boost::asio::any_io_executor& executor,
                                                                const Endpoint& endpoint, base::UniqueFd fd);

}  // namespace podnamed::net
