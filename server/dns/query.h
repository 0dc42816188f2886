// What does a received packet ask? ParseQuery reads header, the one question and EDNS, in one pass, without
// allocating; or says what the reply must be instead (RFC 1035 section 4, RFC 6891 section 6).
// Reads every octet of untrusted input within bounds; never fails in another way than its outcome. Any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "server/dns/name.h"
#include "server/dns/types.h"

namespace podnamed::dns {

// The OPT record of a query (RFC 6891 section 6.1).
struct Edns {
  uint16_t udp_payload_size = 0;  // octets, as advertised: may be below 512, which means 512
  uint8_t version = 0;
  bool dnssec_ok = false;  // DO (RFC 3225)
};

struct Query {
  uint16_t id = 0;
  Opcode opcode = Opcode::kQuery;
  bool recursion_desired = false;
  bool checking_disabled = false;
  // False when the packet broke before or inside the question: the reply then carries none.
  bool has_question = false;
  QueryName name;
  RecordType type{};
  RecordClass record_class{};
  std::optional<Edns> edns;
};

enum class ParseOutcome {
  kQuery,    // a well-formed query with one question
  kDrop,     // no reply: shorter than a header, or itself a response (a reply could loop or feed a reflection)
  kFormErr,  // reply FORMERR
  kNotImp,   // reply NOTIMP: an opcode that we do not speak
  kBadVers,  // reply BADVERS with our OPT: an EDNS version above 0 (RFC 6891 section 6.1.3)
};

// Fills `query` as far as the packet could be read, so that a refusal can still echo what the client needs to match it.
// `query.name` points into `packet`.
ParseOutcome ParseQuery(absl::Span<const uint8_t> packet, Query& query);

}  // namespace podnamed::dns
