// One client's connection over TCP (RFC 7766) or TLS (RFC 7858): queries behind a two-octet length each, as many as the
// client likes to send ahead. Replies that are known at once come in order, are gathered and written together; one that
// is known later comes when it is known (section 6.2.1.1). At most one write is under way and nothing is read
// meanwhile, nor while kMaxPending replies are owed, or while a reply of several messages is under way, so a client
// that does not read its replies holds up only itself, and what it makes us keep is bounded. One thread, that of the
// socket's io_context. The connection keeps no timer: it says when its client is late, and the listener, which looks at
// all connections now and then, closes it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/types/span.h"
#include "server/net/client_stream.h"
#include "server/net/endpoint.h"
#include "server/net/handler.h"
#include "server/net/tls_context.h"
#include "server/net/turns.h"

namespace podnamed::net {

// How long a client may take. Where CoreDNS has such a limit, ours is the same by default.
struct TcpDeadlines {
  std::chrono::milliseconds first_query{3'000};  // from connecting to the first octet, the handshake of TLS included
  std::chrono::milliseconds idle{10'000};        // from a reply to the first octet of the next query
  std::chrono::milliseconds message{3'000};      // from the first octet of a query to its last
  std::chrono::milliseconds write{5'000};        // to take the replies that were written together
};

struct TcpOptions {
  size_t max_connections = 1000;                            // at least 1
  size_t max_queries = std::numeric_limits<size_t>::max();  // of one connection, at least 1
  TcpDeadlines deadlines;
  // What a newcomer's TLS begins with: called on the listener's thread. Empty: TCP as it is.
  std::function<std::shared_ptr<const TlsContext>()> tls{};
};

class TcpConnection final : private ReplyPathMaker {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr size_t kPrefixOctets = 2;
  static constexpr size_t kMaxMessageOctets = 65'535;
  // Replies are written as soon as so many octets are gathered: some hundred answers, and they stay in the L1 cache.
  static constexpr size_t kGatherOctets = 16 << 10;
  // Gathered replies and one more of any size.
  static constexpr size_t kReplyBufferOctets = kGatherOctets + kPrefixOctets + kMaxMessageOctets;

  // Replies that come later, at one time.
  static constexpr size_t kMaxPending = 128;

  // `reply_buffer` holds kReplyBufferOctets and is shared by all connections of a thread: none uses it across a wait.
  // It and `handler` must outlive this; this must outlive Run. `handshakes` are the turns of the thread.
  TcpConnection(boost::asio::ip::tcp::socket socket, const Peer& client, Handler& handler,
                absl::Span<uint8_t> reply_buffer, const TcpOptions& options, std::shared_ptr<Turns> handshakes);
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;
  ~TcpConnection();

  // Serves the client until it closes its side, has asked as often as it may, breaks the framing (a length of zero) or
  // sends what the handler drops; all replies to what came before have been written by then, later ones too. Call once;
  // the socket closes with this.
  boost::asio::awaitable<void> Run();

  // Makes Run answer what has arrived, complete a message that has begun, and end. A client that has not asked yet is
  // about to: its first query is waited for, so long at most.
  void Stop(std::chrono::milliseconds patience);

  // From now on it may be idle for `idle` at most; a client that has not asked anything yet keeps its time.
  void LimitIdle(std::chrono::milliseconds idle);

  // Makes Run end at once.
  void Close();

  // Between queries, with nothing owed to the client: closing it now costs the client least.
  bool idle() const { return stream_.is_open() && !HasInput() && !HasUnsent() && pending_ == 0; }
  // When the client is late with what it has to do next.
  Clock::time_point deadline() const { return deadline_; }

 private:
  class Path;
  // What the reply paths know of their connection, which may end before them.
  struct Link {
    TcpConnection* connection = nullptr;
  };

  std::unique_ptr<ReplyPath> MakeReplyPath(const Request& request) override;
  std::optional<base::IpAddress> LocalAddress(const Request& request) override;
  // A reply path is gone, with or without having sent something.
  void OnPathGone();
  void Wake();

  bool HasUnsent() const { return is_writing_ || !unsent_.empty(); }
  bool HasInput() const { return input_begin_ != input_end_; }
  bool HasWholeMessage() const;
  // Octets of the message at the front of the input, prefix included. REQUIRES: the prefix is there.
  size_t FirstMessageOctets() const;

  // Answers whole messages until none is left, or until the stream takes no more replies and some are `unsent_`.
  void AnswerMessages();
  // Answers the first message into `buffer`; returns the octets used there, prefix included.
  size_t AnswerMessage(absl::Span<uint8_t> buffer);
  void Write(absl::Span<const uint8_t> replies);
  boost::asio::awaitable<void> WriteUnsent();
  // Waits until the last reply that comes later is there, and writes what is unsent.
  boost::asio::awaitable<void> AwaitPending(size_t most);

  // A message that the client is to take before the next.
  void WritePart(absl::Span<const uint8_t> framed, absl::AnyInvocable<void(bool)> next);

  // Makes room for the rest of the message that has begun, or for a new one.
  void PrepareInput();

  ClientStream stream_;
  const Peer client_;
  Handler& handler_;
  const absl::Span<uint8_t> reply_buffer_;
  TcpDeadlines deadlines_;
  size_t queries_left_;  // that the client may ask

  std::vector<uint8_t> input_;  // received and not yet answered: [input_begin_, input_end_)
  size_t input_begin_ = 0;
  size_t input_end_ = 0;
  std::vector<uint8_t> unsent_;               // replies that the socket did not take
  bool is_writing_ = false;                   // others, that were unsent
  size_t pending_ = 0;                        // replies that come later
  absl::AnyInvocable<void(bool)> next_part_;  // of a reply of several messages, when what is unsent has been sent
  const std::shared_ptr<Link> link_ = std::make_shared<Link>(this);
  boost::asio::steady_timer wake_;  // cancelled when the number of pending or unsent replies changes
  Clock::time_point deadline_;
  bool has_asked_ = false;  // its client, anything yet
  bool stopping_ = false;   // nothing new is waited for
  bool ending_ = false;     // nothing more is answered
};

}  // namespace podnamed::net
