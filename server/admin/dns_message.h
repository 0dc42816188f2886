// DNS messages for people: a query out of a name and a type, a reply as text. The other side of the wire from
// server/dns, whose codec writes replies and reads queries. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "proto/podnamed/inspect/v1/inspect.pb.h"
#include "server/dns/name.h"
#include "server/dns/types.h"

namespace podnamed::admin {

// A query of class IN with EDNS, so that the reply may say why (RFC 8914).
std::vector<uint8_t> MakeQuery(const dns::Name& name, dns::RecordType type);

// Adds to `response` what the octets of a reply say: rcode, sections, extended errors. False if they are no sound
// reply; `response` then holds what could be read.
bool ReadReply(absl::Span<const uint8_t> octets, inspect::v1::LookupResponse& response);

}  // namespace podnamed::admin
