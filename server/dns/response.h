// Turns an answer into the octets of a reply: header, the question as the client spelled it, sections, OPT; names
// compressed where RFC 3597 section 4 allows; cut on record boundaries with TC when it does not fit. Allocates
// nothing. One encoder per worker (it keeps the compression table); any thread, one at a time.
#pragma once

#include <array>
#include <cstdint>

#include "absl/types/span.h"
#include "server/dns/query.h"
#include "server/dns/record.h"
#include "server/dns/types.h"

namespace podnamed::dns {

struct Response {
  Rcode rcode = Rcode::kNoError;
  bool authoritative = false;        // AA
  bool recursion_available = false;  // RA
  absl::Span<const RecordSet> answer;
  absl::Span<const RecordSet> authority;
  absl::Span<const RecordSet> additional;  // the OPT record is not among them: it follows from the query
};

// How many octets a reply may have: 65,535 over TCP; over UDP 512 without EDNS, else what the client advertised, at
// least 512 and at most `ours` (RFC 6891 section 6.2.5).
size_t UdpReplyLimit(const Query& query, size_t ours = kDefaultUdpLimit);

class ResponseEncoder {
 public:
  // Writes the reply to `query` into `buffer`, at most `limit` octets (at most buffer.size()), and returns its length.
  // REQUIRES: limit >= 512, `query` is what ParseQuery filled, of any outcome but kDrop.
  // Answer records that do not fit set TC and are left out from the first that does not fit on; additional records that
  // do not fit are left out silently, whole sets at a time (RFC 2181 section 9); so is the authority section last of
  // all.
  size_t Encode(const Query& query, const Response& response, size_t limit, absl::Span<uint8_t> buffer);

 private:
  friend class WireWriter;
  std::array<uint16_t, 1024> compression_table_{};  // see WireWriter
};

}  // namespace podnamed::dns
