// One resource record as a zone file writes it (RFC 1035 section 5.1), which becomes the octets that go on the wire:
//
//   www.example.org. 60 IN A 10.0.0.1          the TTL and the class in any order, or left out
//   @ 60 TXT ( "two words" second )            "@" is the origin, names without a final dot are relative to it
//   a 60 IN TYPE65280 \# 4 0a000001            any type (RFC 3597 section 5)
//
// A line's comment begins with ";". A zone file's reader brings what lines leave to the ones before them: the owner,
// the TTL, the class and the origin. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/dns/name.h"
#include "server/dns/types.h"

namespace podnamed::dns {

// What a record may leave out.
struct RecordDefaults {
  std::string_view origin{"\0", 1};  // in wire form; what relative names end with
  std::string_view owner{};          // in wire form, of a line that begins with a blank; empty: there is none
  std::optional<uint32_t> ttl{};     // seconds
  RecordClass record_class = RecordClass::kIn;
};

struct ParsedRecord {
  Name owner;
  RecordType type{};
  RecordClass record_class{};
  uint32_t ttl = 0;   // seconds
  std::string rdata;  // as it goes on the wire; names in it are not compressed
};

// Reads `text`, which is the record alone and may have several lines where parentheses go around them. Its rdata is
// what ParseRdata takes; the TTL may have units, as BIND takes them: "1h30m". The message of an error ends with the
// column.
absl::StatusOr<ParsedRecord> ParseRecord(std::string_view text, const RecordDefaults& defaults = {});

}  // namespace podnamed::dns
