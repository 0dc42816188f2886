#include "server/dns/response.h"

#include <algorithm>
#include <variant>

#include "server/dns/edns.h"

namespace podnamed::dns {
namespace {

size_t RecordCount(const RecordSet& set) {
  return std::visit(
      [](const auto& rdata) -> size_t {
        if constexpr (requires { rdata.size(); }) {
          return rdata.size();
        } else {
          return 1;
        }
      },
      set.rdata);
}

void PutRdata(WireWriter& writer, const base::Ipv4Address& address) { writer.PutOctets(address); }

void PutRdata(WireWriter& writer, const base::Ipv6Address& address) { writer.PutOctets(address); }

void PutRdata(WireWriter& writer, const NamePieces& target) { writer.PutTarget(target); }

void PutRdata(WireWriter& writer, const SrvData& srv) {
  writer.PutU16(srv.priority);
  writer.PutU16(srv.weight);
  writer.PutU16(srv.port);
  writer.PutTargetInFull(srv.target);
}

void PutRdata(WireWriter& writer, const SoaData& soa) {
  writer.PutName(soa.mname);
  writer.PutName(soa.rname);
  writer.PutU32(soa.serial);
  writer.PutU32(soa.refresh);
  writer.PutU32(soa.retry);
  writer.PutU32(soa.expire);
  writer.PutU32(soa.minimum);
}

void PutRdata(WireWriter& writer, const TxtData& txt) {
  writer.PutU8(static_cast<uint8_t>(txt.text.size()));
  writer.PutOctets(txt.text);
}

void PutRdata(WireWriter& writer, const RawData& raw) { writer.PutOctets(raw.octets); }

// Writes a record for each rdata, from the one with index `first` around to the one before it, until one does not fit,
// which is taken back; returns how many were written.
template <typename Data>
size_t PutRecords(WireWriter& writer, const RecordSet& set, absl::Span<const Data> rdatas, size_t first) {
  size_t owner = kMaxPointerTarget + 1;  // where the set's owner stands; out of reach until it is written
  size_t written = 0;
  while (written < rdatas.size()) {
    const size_t next = first + written;
    const Data& rdata = rdatas[next < rdatas.size() ? next : next - rdatas.size()];
    const size_t mark = writer.position();
    if (owner <= kMaxPointerTarget) {
      writer.PutPointer(owner);
    } else {
      owner = writer.PutName(set.owner);
    }
    const size_t length_at = writer.PutRecordHead(set.type, set.record_class, set.ttl);
    PutRdata(writer, rdata);
    if (writer.overflowed()) {
      writer.RollBack(mark);
      break;
    }
    writer.PatchU16(length_at, static_cast<uint16_t>(writer.position() - length_at - 2));
    ++written;
  }
  return written;
}

template <typename Data>
size_t PutRecords(WireWriter& writer, const RecordSet& set, const Data& rdata, size_t first) {
  return PutRecords(writer, set, absl::MakeConstSpan(&rdata, 1), first);
}

size_t PutSet(WireWriter& writer, const RecordSet& set, size_t first = 0) {
  return std::visit([&](const auto& rdata) { return PutRecords(writer, set, rdata, first); }, set.rdata);
}

// The section up to the first record that does not fit: false if there was one. Adds up the records written. With
// `turns` the set that does not fit begins with the record whose turn it is.
bool PutRecordByRecord(WireWriter& writer, absl::Span<const RecordSet> section, FairTurns* turns, uint16_t& count) {
  for (const RecordSet& set : section) {
    const size_t mark = writer.position();
    const size_t records = RecordCount(set);
    size_t written = PutSet(writer, set);
    if (written < records && turns != nullptr) {
      writer.RollBack(mark);
      written = PutSet(writer, set, turns->Next(records));
    }
    count = static_cast<uint16_t>(count + written);
    if (written < records) return false;
  }
  return true;
}

// The section up to the first set that does not fit as a whole: false if there was one. Adds up the records written.
bool PutSetBySet(WireWriter& writer, absl::Span<const RecordSet> section, uint16_t& count) {
  for (const RecordSet& set : section) {
    const size_t mark = writer.position();
    const size_t written = PutSet(writer, set);
    if (written < RecordCount(set)) {
      writer.RollBack(mark);
      return false;
    }
    count = static_cast<uint16_t>(count + written);
  }
  return true;
}

uint16_t HeaderFlags(const Query& query, const Response& response, bool truncated) {
  uint32_t flags = kResponseFlag | static_cast<uint32_t>(query.opcode) << kOpcodeShift;
  if (response.authoritative) flags |= kAuthoritativeFlag;
  if (truncated) flags |= kTruncatedFlag;
  if (query.recursion_desired) flags |= kRecursionDesiredFlag;
  if (response.recursion_available) flags |= kRecursionAvailableFlag;
  if (query.checking_disabled) flags |= kCheckingDisabledFlag;
  if (response.authentic_data) flags |= kAuthenticDataFlag;
  flags |= static_cast<uint32_t>(response.rcode) & kRcodeMask;
  return static_cast<uint16_t>(flags);
}

}  // namespace

size_t UdpReplyLimit(const Query& query, size_t ours) {
  if (!query.edns.has_value()) return kMinUdpLimit;
  return std::max(kMinUdpLimit, std::min<size_t>(query.edns->udp_payload_size, ours));
}

size_t ResponseEncoder::Encode(const Query& query, const Response& response, size_t limit, absl::Span<uint8_t> buffer) {
  WireWriter writer(buffer, compression_table_);
  const size_t opt_length = query.edns.has_value() ? kOptLength + NsidLength(*query.edns, response.nsid) : 0;
  writer.set_limit(limit - opt_length);
  if (query.has_question) {
    writer.PutQuestionName(query.name);
    writer.PutU16(static_cast<uint16_t>(query.type));
    writer.PutU16(static_cast<uint16_t>(query.record_class));
  }

  uint16_t answers = 0;
  uint16_t authorities = 0;
  uint16_t additionals = 0;
  // TC asks for a retry by TCP (RFC 1035 section 4.2.1, RFC 2181 section 9). A message of the greatest length has no
  // such way out: told to retry what it has just done, Go's resolver gives up, and so do others, and a service would
  // vanish by growing. The subset is an answer in its own terms then, with some of the addresses that would do.
  const bool can_retry = limit < kMaxMessageLength;
  bool truncated = response.truncated;
  if (!PutRecordByRecord(writer, response.answer, can_retry ? nullptr : &turns_, answers)) {
    truncated |= can_retry;
  } else if (!PutSetBySet(writer, response.authority, authorities)) {
    truncated |= can_retry && answers == 0;
  } else {
    PutSetBySet(writer, response.additional, additionals);
  }
  if (query.edns.has_value()) {
    writer.set_limit(limit);
    PutOpt(writer, *query.edns, response.rcode, response.extended_error, response.nsid,
           response.is_encrypted && query.edns->is_padded);
    ++additionals;
  }

  writer.PatchU16(0, query.id);
  writer.PatchU16(2, HeaderFlags(query, response, truncated));
  writer.PatchU16(4, query.has_question ? 1 : 0);
  writer.PatchU16(6, answers);
  writer.PatchU16(8, authorities);
  writer.PatchU16(10, additionals);
  return writer.position();
}

}  // namespace podnamed::dns
