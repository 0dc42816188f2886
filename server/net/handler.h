// What a transport asks of the server above it. The transport owns the sockets and the buffers; the handler turns one
// query's octets into one reply's octets and knows nothing of sockets.
#pragma once

#include <cstdint>

#include "absl/types/span.h"
#include "server/base/ip_address.h"

namespace podnamed::net {

enum class Transport : uint8_t { kUdp, kTcp };

struct Request {
  absl::Span<const uint8_t> message;  // without TCP's length prefix
  base::IpAddress client;
  uint16_t client_port = 0;
  Transport transport = Transport::kUdp;
};

enum class Verdict {
  kReply,  // `reply_size` octets of the buffer are the reply
  kDrop,   // no reply is sent
};

// One per worker and listening endpoint; called on that worker's thread alone.
class Handler {
 public:
  virtual ~Handler() = default;
  // Writes the reply to `request` into `buffer` and its length into `reply_size`.
  // REQUIRES: over UDP the buffer holds at least dns::kDefaultUdpLimit octets, over TCP 65,535.
  virtual Verdict Handle(const Request& request, absl::Span<uint8_t> buffer, size_t& reply_size) = 0;
};

}  // namespace podnamed::net
