// Turns an answer into the octets of a reply: header, the question as the client spelled it, sections, OPT; names
// compressed where RFC 3597 section 4 allows; cut on record boundaries with TC when it does not fit. Allocates
// nothing. One encoder per worker (it keeps the compression table); any thread, one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/types/span.h"
#include "server/dns/edns.h"
#include "server/dns/query.h"
#include "server/dns/record.h"
#include "server/dns/types.h"
#include "server/dns/wire_writer.h"

namespace podnamed::dns {

struct Response {
  Rcode rcode = Rcode::kNoError;
  bool authoritative = false;        // AA
  bool recursion_available = false;  // RA
  bool authentic_data = false;       // AD
  bool truncated = false;            // TC, also of what fits
  absl::Span<const RecordSet> answer{};
  absl::Span<const RecordSet> authority{};
  absl::Span<const RecordSet> additional{};       // the OPT record is not among them: it follows from the query
  std::string_view nsid{};                        // who answers; at most 128 octets, for clients that ask
  std::optional<ExtendedError> extended_error{};  // why; only a client with EDNS can be told
  bool is_encrypted = false;                      // on its way: padded for a client that pads (RFC 8467)
};

// How many octets a reply may have: 65,535 over TCP; over UDP 512 without EDNS, else what the client advertised, at
// least 512 and at most `ours` (RFC 6891 section 6.2.5).
size_t UdpReplyLimit(const Query& query, size_t ours = kDefaultUdpLimit);

// Whose turn is it to be first? Starts for subsets of sets of any size, each place of a set as often as the others,
// also when sets take turns among each other: multiples of the golden ratio, taken modulo 1, leave no gap for long.
class FairTurns {
 public:
  // An index below `count`.
  size_t Next(size_t count) {
    const size_t index = static_cast<size_t>(uint64_t{fraction_} * count >> 32);
    fraction_ += 0x9E3779B9U;
    return index;
  }

 private:
  uint32_t fraction_ = 0;  // of 2^32
};

class ResponseEncoder {
 public:
  // Writes the reply to `query` into `buffer`, at most `limit` octets, and returns its length. RD, CD and the opcode
  // are the query's; an OPT record follows if and only if the query had one.
  // REQUIRES: 512 <= limit <= buffer.size(); `query` is what ParseQuery filled, of any outcome but kDrop; an rcode
  // above 15 only if query.edns.
  //
  // What does not fit, ends the reply; the sections are filled in their order:
  //   answer      is cut on a record: the first that does not fit and all that follow are left out, and TC is set.
  //               A set too large for even 65,535 octets (some 4,000 A records, 1,000 SRV) is answered with a subset
  //               and without TC, for no transport takes more: as many records as fit, in their order and cyclic, from
  //               a start that moves with every reply, so that each record is told as often as any other.
  //   authority   is left out from the first whole set that does not fit; TC is set only if there is no answer, for
  //               then it is the authority section that says what the reply means (RFC 2308 section 2, RFC 2181
  //               section 9).
  //   additional  is left out from the first whole set that does not fit, silently (RFC 2181 section 9).
  // An extended error takes what room is left then, and padding what it leaves: they displace nothing, are cut or left
  // out, and never set TC.
  size_t Encode(const Query& query, const Response& response, size_t limit, absl::Span<uint8_t> buffer);

 private:
  WireWriter::CompressionTable compression_table_;
  FairTurns turns_;
};

}  // namespace podnamed::dns
