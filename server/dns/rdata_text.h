// What a record says, for people.
#pragma once

#include <cstddef>
#include <string>

#include "server/dns/types.h"
#include "server/dns/wire_reader.h"

namespace podnamed::dns {

// Reads rdata of `length` octets as a zone file writes it; of a type that this does not know as RFC 3597 section 5
// does. The reader may stand elsewhere than at the end behind rdata that is broken.
std::string ReadRdataText(WireReader& reader, RecordType type, size_t length);

}  // namespace podnamed::dns
