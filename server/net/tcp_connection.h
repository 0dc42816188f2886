// One client's TCP connection (RFC 7766): queries behind a two-octet length each, as many as the client likes to send
// ahead, answered in order. Replies are gathered and written together. At most one write is under way and nothing is
// read meanwhile, so a client that does not read its replies holds up only itself, and what it makes us keep is
// bounded. One thread, that of the socket's io_context. The connection keeps no timer: it says when its client is late,
// and the listener, which looks at all connections now and then, closes it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "server/net/endpoint.h"
#include "server/net/handler.h"

namespace podnamed::net {

// How long a client may take. Where CoreDNS has such a limit, ours is the same by default.
struct TcpDeadlines {
  std::chrono::milliseconds first_query{3'000};  // from connecting to the first octet
  std::chrono::milliseconds idle{10'000};        // from a reply to the first octet of the next query
  std::chrono::milliseconds message{3'000};      // from the first octet of a query to its last
  std::chrono::milliseconds write{5'000};        // to take the replies that were written together
};

class TcpConnection {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr size_t kPrefixOctets = 2;
  static constexpr size_t kMaxMessageOctets = 65'535;
  // Replies are written as soon as so many octets are gathered: some hundred answers, and they stay in the L1 cache.
  static constexpr size_t kGatherOctets = 16 << 10;
  // Gathered replies and one more of any size.
  static constexpr size_t kReplyBufferOctets = kGatherOctets + kPrefixOctets + kMaxMessageOctets;

  // `reply_buffer` holds kReplyBufferOctets and is shared by all connections of a thread: none uses it across a wait.
  // It, `handler` and `deadlines` must outlive this; this must outlive Run.
  TcpConnection(boost::asio::ip::tcp::socket socket, const Peer& client, Handler& handler,
                absl::Span<uint8_t> reply_buffer, const TcpDeadlines& deadlines);
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  // Serves the client until it closes its side, breaks the framing (a length of zero) or sends what the handler drops;
  // all replies to what came before have been written by then. Call once; the socket closes with this.
  boost::asio::awaitable<void> Run();

  // Makes Run answer what has arrived, complete a message that has begun, and end.
  void Stop();

  // Makes Run end at once.
  void Close();

  // Between queries, with nothing owed to the client: closing it now costs the client least.
  bool idle() const { return socket_.is_open() && !HasInput() && unsent_.empty(); }
  // When the client is late with what it has to do next.
  Clock::time_point deadline() const { return deadline_; }

 private:
  bool HasInput() const { return input_begin_ != input_end_; }
  bool HasWholeMessage() const;
  // Octets of the message at the front of the input, prefix included. REQUIRES: the prefix is there.
  size_t FirstMessageOctets() const;

  // Answers whole messages until none is left, or until the socket takes no more replies and some are `unsent_`.
  void AnswerMessages();
  // Answers the first message into `buffer`; returns the octets used there, prefix included.
  size_t AnswerMessage(absl::Span<uint8_t> buffer);
  void Write(absl::Span<const uint8_t> replies);
  boost::asio::awaitable<void> WriteUnsent();

  // Makes room for the rest of the message that has begun, or for a new one.
  void PrepareInput();

  boost::asio::ip::tcp::socket socket_;
  const Peer client_;
  Handler& handler_;
  const absl::Span<uint8_t> reply_buffer_;
  const TcpDeadlines& deadlines_;

  std::vector<uint8_t> input_;  // received and not yet answered: [input_begin_, input_end_)
  size_t input_begin_ = 0;
  size_t input_end_ = 0;
  std::vector<uint8_t> unsent_;  // replies that the socket did not take
  Clock::time_point deadline_;
  bool stopping_ = false;  // nothing new is waited for
  bool ending_ = false;    // nothing more is answered
};

}  // namespace podnamed::net
