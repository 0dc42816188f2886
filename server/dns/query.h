// What does a received packet ask? ParseQuery reads header, the one question and EDNS, in one pass, without
// allocating; or says what the reply must be instead (RFC 1035 section 4, RFC 6891 section 6).
// Reads every octet of untrusted input within bounds; never fails in another way than its outcome. Any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "server/dns/edns.h"
#include "server/dns/name.h"
#include "server/dns/types.h"

namespace podnamed::dns {

struct Query {
  uint16_t id = 0;
  Opcode opcode = Opcode::kQuery;
  bool recursion_desired = false;
  bool checking_disabled = false;
  bool authentic_data = false;  // AD: understands it in a reply (RFC 6840 section 5.7)
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

// Fills `query` as far as the packet could be read, so that a refusal can still echo what the client needs to match it:
// the question if it was whole, `edns` if there was an OPT record, sound or not. Another opcode's sections are not
// read. `query.name` points into `packet`. A `query` may be used again; none of its old values remain. Forgiving where
// CoreDNS is: one record each in answer and authority, two in additional and octets behind the last record are passed
// over; more of them, as more or less than one question, are FORMERR.
ParseOutcome ParseQuery(absl::Span<const uint8_t> packet, Query& query);

// The name alone; false if there is none that could be read. The packet may be anything, also no query.
inline bool ReadQuestionName(absl::Span<const uint8_t> packet, QueryName& name) {
  if (packet.size() <= kHeaderLength) return false;
  const absl::Span<const uint8_t> question = packet.subspan(kHeaderLength);
  return name.Read({reinterpret_cast<const char*>(question.data()), question.size()}) != 0;
}

}  // namespace podnamed::dns
