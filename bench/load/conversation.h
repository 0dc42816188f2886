// One socket's side of a load, without the socket: which queries are under way, and what came of them. The transport
// asks for queries to send and hands in what it received. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "bench/load/queries.h"

namespace podnamed::bench {

using Clock = std::chrono::steady_clock;

// What came of a load, summed over its sockets.
struct Tally {
  uint64_t sent = 0;
  uint64_t right = 0;                    // answered as expected, `truncated` among them
  uint64_t truncated = 0;                // too large for UDP, and said so
  uint64_t wrong = 0;                    // answered in another way
  uint64_t timeouts = 0;                 // not answered in time
  uint64_t unexpected = 0;               // replies to nothing that was under way: late, or with a foreign id
  std::string first_wrong;               // for a person; empty when all were right
  std::chrono::duration<double> time{};  // in which queries were sent
  // From when a query was due (fixed rate) to its reply; only when wanted.
  std::vector<uint32_t> latencies_ns;
};

class Conversation {
 public:
  struct Options {
    size_t window = 16;  // most queries under way
    bool measure_latency = false;
    bool echo = false;  // the server only echoes: any reply is right
  };

  // Asks the queries of `queries` in order from `first`, over and over. `queries` and `tally` must outlive this.
  // REQUIRES: 1 <= options.window <= kMaxWindow.
  static constexpr size_t kMaxWindow = 4096;
  Conversation(const QueryList& queries, size_t first, const Options& options, Tally& tally);

  // How many more queries may be sent now.
  size_t Room() const { return free_.size(); }
  bool Idle() const { return free_.size() == slots_.size(); }

  // Writes the next query, which was due at `due`, into `buffer` and returns its length.
  // REQUIRES: Room() > 0, and the buffer holds kMaxQuery octets.
  static constexpr size_t kMaxQuery = 300;
  size_t Next(Clock::time_point due, uint8_t* buffer);

  void Receive(absl::Span<const uint8_t> reply, Clock::time_point now);

  // Gives up what was due before `limit`.
  void Expire(Clock::time_point limit);

 private:
  // Ids carry the slot of their query in the low bits; the bits above change each time, so that a late reply to what
  // was given up is not taken for the answer to what came after.
  struct Slot {
    Clock::time_point due;
    size_t query = 0;
    uint16_t id = 0;
    bool under_way = false;
  };

  const QueryList& queries_;
  const Options options_;
  Tally& tally_;
  size_t next_query_;
  uint16_t slot_mask_;
  std::vector<Slot> slots_;
  std::vector<uint16_t> free_;  // slots; the last is used first, so that few are touched
};

}  // namespace podnamed::bench
