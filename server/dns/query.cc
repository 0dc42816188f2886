#include "server/dns/query.h"

#include "server/dns/wire_reader.h"

namespace podnamed::dns {
namespace {

// What CoreDNS lets pass: IXFR queries carry a SOA (RFC 1995 section 3), signed ones a TSIG besides the OPT record.
constexpr uint16_t kMaxAnswers = 1;
constexpr uint16_t kMaxAuthorities = 1;
constexpr uint16_t kMaxAdditionals = 2;

// Passes over a record from behind its type on.
void SkipRecordBody(WireReader& reader) {
  reader.Skip(6);  // class, ttl
  reader.Skip(reader.ReadU16());
}

bool SkipRecords(WireReader& reader, size_t count) {
  for (; count > 0; --count) {
    reader.SkipName();
    reader.Skip(2);  // type
    SkipRecordBody(reader);
  }
  return reader.ok();
}

// Looks for the OPT record; false if the section is malformed.
bool ReadAdditional(WireReader& reader, size_t count, std::optional<Edns>& edns) {
  for (; count > 0; --count) {
    const size_t owner = reader.position();
    reader.SkipName();
    const bool owner_is_root = reader.position() == owner + 1;
    if (RecordType{reader.ReadU16()} != RecordType::kOpt) {
      SkipRecordBody(reader);
      continue;
    }
    if (edns.has_value()) return false;  // RFC 6891 section 6.1.1
    if (!ReadOpt(reader, edns.emplace()) || !owner_is_root) return false;
  }
  return reader.ok();
}

}  // namespace

ParseOutcome ParseQuery(absl::Span<const uint8_t> packet, Query& query) {
  query.has_question = false;
  query.edns.reset();
  if (packet.size() < kHeaderLength) return ParseOutcome::kDrop;

  WireReader reader(packet);
  query.id = reader.ReadU16();
  const uint16_t flags = reader.ReadU16();
  if ((flags & kResponseFlag) != 0) return ParseOutcome::kDrop;
  query.opcode = Opcode{static_cast<uint8_t>(flags >> kOpcodeShift & kOpcodeMask)};
  query.recursion_desired = (flags & kRecursionDesiredFlag) != 0;
  query.checking_disabled = (flags & kCheckingDisabledFlag) != 0;
  query.authentic_data = (flags & kAuthenticDataFlag) != 0;
  if (query.opcode != Opcode::kQuery) return ParseOutcome::kNotImp;

  const uint16_t questions = reader.ReadU16();
  const uint16_t answers = reader.ReadU16();
  const uint16_t authorities = reader.ReadU16();
  const uint16_t additionals = reader.ReadU16();
  if (questions != 1 || answers > kMaxAnswers || authorities > kMaxAuthorities || additionals > kMaxAdditionals) {
    return ParseOutcome::kFormErr;
  }

  const size_t name_length = query.name.Read(reader.rest());
  if (name_length == 0) return ParseOutcome::kFormErr;
  reader.Skip(name_length);
  query.type = RecordType{reader.ReadU16()};
  query.record_class = RecordClass{reader.ReadU16()};
  if (!reader.ok()) return ParseOutcome::kFormErr;
  query.has_question = true;

  if (!SkipRecords(reader, size_t{answers} + authorities)) return ParseOutcome::kFormErr;
  if (!ReadAdditional(reader, additionals, query.edns)) return ParseOutcome::kFormErr;
  if (query.edns.has_value() && query.edns->version != kEdnsVersion) return ParseOutcome::kBadVers;
  return ParseOutcome::kQuery;
}

}  // namespace podnamed::dns
