// One UDP socket's loop: waits until it is readable, then takes, answers and sends whole batches. Waiting for readiness
// and draining costs about 1 µs a query less than one asynchronous receive and send for each.
// One thread, that of the socket's io_context. `handler` must outlive Run; this must outlive Run and its reply paths.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>

#include "server/base/unique_fd.h"
#include "server/net/handler.h"
#include "server/net/udp_batch.h"

namespace podnamed::net {

class UdpListener final : private ReplyPathMaker {
 public:
  // `socket` comes from OpenUdpSocket or AdoptUdpSocket.
  UdpListener(boost::asio::ip::udp::socket socket, Handler& handler);
  UdpListener(const UdpListener&) = delete;
  UdpListener& operator=(const UdpListener&) = delete;

  // Serves until Stop, or until cancelled; closes the socket at its end. Call once.
  boost::asio::awaitable<void> Run();

  // Makes Run answer what the socket has already received, wait for the replies that come later, and end.
  void Stop();

  // Another descriptor of the socket. The socket's thread.
  base::UniqueFd CopyOfSocket() { return base::UniqueFd::CopyOf(socket_.native_handle()); }

  // Datagrams that came since the last call and found the socket's receive buffer full. The socket's thread.
  uint32_t TakeReceiveDrops();

 private:
  class Path;

  std::unique_ptr<ReplyPath> MakeReplyPath(const Request& request) override;
  std::optional<base::IpAddress> LocalAddress(const Request& request) override;
  // Serves up to `batches` batches; returns early when the socket has no more.
  void Serve(int batches);

  boost::asio::ip::udp::socket socket_;
  Handler& handler_;
  UdpBatch batch_;
  size_t at_hand_ = 0;                      // the query of the batch that is being handled
  size_t pending_ = 0;                      // reply paths that are out
  boost::asio::steady_timer none_pending_;  // cancelled when pending_ becomes 0
  uint32_t receive_drops_ = 0;              // the kernel's counter, when it was looked at
  bool stopping_ = false;
};

}  // namespace podnamed::net
