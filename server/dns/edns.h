// The OPT record, both ways (RFC 6891): what a client says in it, and what we say back.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/dns/types.h"
#include "server/dns/wire_reader.h"
#include "server/dns/wire_writer.h"

namespace podnamed::dns {

// The OPT record of a query (RFC 6891 section 6.1).
struct Edns {
  uint16_t udp_payload_size = 0;  // octets, as advertised: may be below 512, which means 512
  uint8_t version = 0;
  bool dnssec_ok = false;  // DO (RFC 3225)
};

inline constexpr uint8_t kEdnsVersion = 0;
inline constexpr size_t kOptLength = 11;  // of the record that PutOpt writes

// Reads an OPT record from behind its type on. The fixed fields reach `edns` in any case, for the refusal to answer
// in kind; false if the options that follow are malformed (of a version that we do not speak none is looked at).
// Options themselves are ignored, as section 6.1.2 wants of those not known.
bool ReadOpt(WireReader& reader, Edns& edns);

// Writes the OPT record of the reply to a query that had `edns`: our payload size and version, the client's DO, the
// upper bits of the rcode.
void PutOpt(WireWriter& writer, const Edns& edns, Rcode rcode);

}  // namespace podnamed::dns
