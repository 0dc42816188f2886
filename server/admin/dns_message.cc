#include "server/admin/dns_message.h"

#include <array>
#include <string>
#include <string_view>

#include "server/base/printable.h"
#include "server/dns/edns.h"
#include "server/dns/rdata_text.h"
#include "server/dns/wire_reader.h"

namespace podnamed::admin {
namespace {

using dns::RecordType;
using dns::WireReader;
using inspect::v1::LookupResponse;
using Records = google::protobuf::RepeatedPtrField<inspect::v1::Record>;

constexpr uint16_t kId = 0;  // nobody else asks on this way
constexpr uint16_t kExtendedErrorOption = 15;

// IANA's "Extended DNS Error Codes" (RFC 8914 section 5.2), as far as it was filled when this was written.
constexpr auto kExtendedErrors = std::to_array<std::string_view>({
    "Other Error",
    "Unsupported DNSKEY Algorithm",
    "Unsupported DS Digest Type",
    "Stale Answer",
    "Forged Answer",
    "DNSSEC Indeterminate",
    "DNSSEC Bogus",
    "Signature Expired",
    "Signature Not Yet Valid",
    "DNSKEY Missing",
    "RRSIGs Missing",
    "No Zone Key Bit Set",
    "NSEC Missing",
    "Cached Error",
    "Not Ready",
    "Blocked",
    "Censored",
    "Filtered",
    "Prohibited",
    "Stale NXDOMAIN Answer",
    "Not Authoritative",
    "Not Supported",
    "No Reachable Authority",
    "Network Error",
    "Invalid Data",
    "Signature Expired before Valid",
    "Too Early",
    "Unsupported NSEC3 Iterations Value",
    "Unable to conform to policy",
    "Synthesized",
    "Invalid Query Type",
});

void Append(std::vector<uint8_t>& octets, uint16_t value) {
  octets.push_back(static_cast<uint8_t>(value >> 8));
  octets.push_back(static_cast<uint8_t>(value));
}

void ReadOptions(WireReader& reader, size_t end, LookupResponse& response) {
  while (reader.ok() && reader.position() < end) {
    const uint16_t code = reader.ReadU16();
    const uint16_t length = reader.ReadU16();
    if (code != kExtendedErrorOption || length < 2) {
      reader.Skip(length);
      continue;
    }
    inspect::v1::ExtendedError& error = *response.add_extended_errors();
    error.set_code(reader.ReadU16());
    if (error.code() < kExtendedErrors.size()) error.set_meaning(std::string(kExtendedErrors[error.code()]));
    error.set_text(base::Printable(reader.ReadOctets(length - size_t{2})));
  }
}

void ReadRecord(WireReader& reader, Records& records, uint16_t& upper_rcode, LookupResponse& response) {
  const std::string name = reader.ReadName().ToText();
  const RecordType type{reader.ReadU16()};
  const uint16_t record_class = reader.ReadU16();
  const uint32_t ttl = reader.ReadU32();
  const uint16_t length = reader.ReadU16();
  const size_t end = reader.position() + length;
  if (type == RecordType::kOpt) {  // its TTL is the upper rcode, the version and flags (RFC 6891 section 6.1.3)
    upper_rcode = static_cast<uint16_t>(ttl >> 24);
    ReadOptions(reader, end, response);
  } else if (static_cast<dns::RecordClass>(record_class) == dns::RecordClass::kIn) {
    inspect::v1::Record& record = *records.Add();
    record.set_name(name);
    record.set_ttl(ttl);
    record.set_type(dns::NameOf(type));
    record.set_data(dns::ReadRdataText(reader, type, length));
  }
  if (reader.position() != end) reader.Skip(end < reader.position() ? dns::kMaxMessageLength : end - reader.position());
}

}  // namespace

std::vector<uint8_t> MakeQuery(const dns::Name& name, RecordType type) {
  std::vector<uint8_t> octets;
  // Header: one question and, in the additional section, OPT.
  for (const uint16_t field : {kId, dns::kRecursionDesiredFlag, uint16_t{1}, uint16_t{0}, uint16_t{0}, uint16_t{1}}) {
    Append(octets, field);
  }
  octets.insert(octets.end(), name.wire().begin(), name.wire().end());
  Append(octets, static_cast<uint16_t>(type));
  Append(octets, static_cast<uint16_t>(dns::RecordClass::kIn));
  octets.push_back(0);  // OPT's owner: the root
  Append(octets, static_cast<uint16_t>(RecordType::kOpt));
  Append(octets, static_cast<uint16_t>(dns::kDefaultUdpLimit));
  for (int i = 0; i < 3; ++i) Append(octets, 0);  // upper rcode and version, flags, no options
  return octets;
}

bool ReadReply(absl::Span<const uint8_t> octets, LookupResponse& response) {
  WireReader reader(octets);
  reader.Skip(2);
  const uint16_t flags = reader.ReadU16();
  const uint16_t questions = reader.ReadU16();
  std::array<uint16_t, 3> counts{};
  for (uint16_t& count : counts) count = reader.ReadU16();
  for (int i = 0; i < questions && reader.ok(); ++i) {
    reader.SkipName();
    reader.Skip(4);
  }
  uint16_t upper_rcode = 0;
  const std::array<Records*, 3> sections = {response.mutable_answer(), response.mutable_authority(),
                                            response.mutable_additional()};
  for (size_t section = 0; section < sections.size(); ++section) {
    for (int i = 0; i < counts[section] && reader.ok(); ++i) {
      ReadRecord(reader, *sections[section], upper_rcode, response);
    }
  }
  response.set_authoritative((flags & dns::kAuthoritativeFlag) != 0);
  const auto rcode = static_cast<dns::Rcode>(upper_rcode << 4 | (flags & dns::kRcodeMask));
  response.set_rcode(std::string(dns::NameOf(rcode)));
  return reader.ok() && (flags & dns::kResponseFlag) != 0;
}

}  // namespace podnamed::admin
