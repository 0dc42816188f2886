// Loads one server for a bounded time and counts what comes back: over UDP by sendmmsg and recvmmsg, over TCP on
// persistent connections with pipelined queries. Busy-polls its sockets: the load has a core of its own, and a sender
// that sleeps would make the server pay for waking it. Blocks its caller's thread, which does all the work.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "bench/load/conversation.h"
#include "bench/load/queries.h"

namespace podnamed::bench {

struct LoadOptions {
  std::string server = "127.0.0.1";  // IPv4
  uint16_t port = 53;
  size_t sockets = 8;
  // Closed loop: so many queries are under way at any time, over all sockets. With a rate: the most that may be.
  size_t in_flight = 128;
  // Queries per second, sent on schedule whatever the server does (an open loop); 0: a closed loop. UDP only.
  double rate = 0;
  std::chrono::nanoseconds time = std::chrono::seconds(2);
  std::chrono::nanoseconds timeout = std::chrono::seconds(1);
  bool echo = false;
};

// An error when the server cannot be reached or closes a connection; what it answers, or not, is in the tally.
// REQUIRES: 1 <= in_flight / sockets <= Conversation::kMaxWindow; time and timeout are positive.
absl::StatusOr<Tally> LoadUdp(const QueryList& queries, const LoadOptions& options);
absl::StatusOr<Tally> LoadTcp(const QueryList& queries, const LoadOptions& options);

}  // namespace podnamed::bench
