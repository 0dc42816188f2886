// What a transport asks of the server above it. The transport owns the sockets and the buffers; the handler turns one
// query's octets into one reply's octets, at once or later, and knows nothing of sockets.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "absl/types/span.h"
#include "server/base/ip_address.h"

namespace podnamed::net {

enum class Transport : uint8_t { kUdp, kTcp, kTls };

// The way back to one client, for a reply that is not there when Handle returns. Used and destroyed on the worker's
// thread, also after the client or its connection has gone: then nobody hears. Destroyed without a reply it sends none.
class ReplyPath {
 public:
  virtual ~ReplyPath() = default;
  // Once at most. Does not wait; a reply for which a socket has no room is dropped (UDP) or kept (a stream).
  virtual void Send(absl::Span<const uint8_t> message) = 0;
  // A message that others follow, over TCP: `next` is called when the client has taken it (true) or is gone (false),
  // not before the next turn of the worker's loop but for a client that is gone already; then more may be sent. Nothing
  // else is read from the client meanwhile, and one message is kept for it at most.
  virtual void SendPart(absl::Span<const uint8_t> message, absl::AnyInvocable<void(bool is_taken)> next) {
    static_cast<void>(message);
    next(false);
  }
};

struct Request;

// Makes reply paths; each transport is one. The transport waits for what it has made before it stops.
class ReplyPathMaker {
 public:
  // REQUIRES: called by Handle for the request at hand, once at most; Handle then returns kLater.
  virtual std::unique_ptr<ReplyPath> MakeReplyPath(const Request& request) = 0;
  // The address at which the request at hand has arrived, of an endpoint that listens on every address;
  // std::nullopt: it is not known. Costs as much as it is asked for. REQUIRES: called by Handle.
  virtual std::optional<base::IpAddress> LocalAddress(const Request& request) {
    static_cast<void>(request);
    return std::nullopt;
  }

 protected:
  ~ReplyPathMaker() = default;
};

struct Request {
  absl::Span<const uint8_t> message;  // without a stream's length prefix
  base::IpAddress client;
  uint16_t client_port = 0;
  Transport transport = Transport::kUdp;
  ReplyPathMaker* later = nullptr;  // nullptr: only what is known at once is heard
};

enum class Verdict {
  kReply,  // `reply_size` octets of the buffer are the reply
  kDrop,   // no reply is sent
  kLater,  // the reply comes by the path that was made
};

// One per worker and listening endpoint; called on that worker's thread alone.
class Handler {
 public:
  virtual ~Handler() = default;
  // Writes the reply to `request` into `buffer` and its length into `reply_size`.
  // REQUIRES: over UDP the buffer holds at least dns::kDefaultUdpLimit octets, else 65,535.
  virtual Verdict Handle(const Request& request, absl::Span<uint8_t> buffer, size_t& reply_size) = 0;
  // These have come together, and are handled next: a hint to those who can get ready for many better than for one. Not
  // for a query that comes alone, nor over a stream.
  virtual void LookAhead(absl::Span<const Request>) {}
  // The replies to the queries handled since the last call have been handed to the kernel.
  virtual void OnBatchSent() {}
};

}  // namespace podnamed::net
