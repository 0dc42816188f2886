#include "server/testing/dns_message.h"

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/base/status.h"
#include "server/dns/name.h"
#include "server/dns/rdata_text.h"
#include "server/dns/wire_reader.h"

namespace podnamed::testing {
namespace {

using dns::RecordClass;
using dns::RecordType;
using dns::WireReader;

void Append(std::vector<uint8_t>& octets, uint16_t value) {
  octets.push_back(static_cast<uint8_t>(value >> 8));
  octets.push_back(static_cast<uint8_t>(value));
}

std::string ClassText(RecordClass record_class) {
  switch (record_class) {
    case RecordClass::kIn:
      return "IN";
    case RecordClass::kCh:
      return "CH";
    case RecordClass::kHs:
      return "HS";
    case RecordClass::kNone:
      return "NONE";
    case RecordClass::kAny:
      return "ANY";
  }
  return absl::StrCat("CLASS", static_cast<uint16_t>(record_class));
}

// The options of an OPT record, from behind its type on. REQUIRES: ReadOpt has found it well-formed.
std::vector<std::string> ReadOptions(WireReader reader) {
  constexpr uint16_t kExtendedError = 15;
  reader.Skip(6);  // class and ttl
  const size_t length = reader.ReadU16();
  const size_t end = reader.position() + length;
  std::vector<std::string> lines;
  while (reader.position() < end) {
    const uint16_t code = reader.ReadU16();
    const std::string octets(reader.ReadOctets(reader.ReadU16()));
    if (code == kExtendedError && octets.size() >= 2) {
      const int info_code = static_cast<uint8_t>(octets[0]) << 8 | static_cast<uint8_t>(octets[1]);
      lines.push_back(absl::StrCat("EDE ", info_code, " \"", octets.substr(2), "\""));
    } else {
      lines.push_back(absl::StrCat("OPTION ", code, " ", absl::BytesToHexString(octets)));
    }
  }
  return lines;
}

absl::Status BrokenAt(const WireReader& reader, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(what, " broken before octet ", reader.position()));
}

absl::Status ReadSection(WireReader& reader, size_t count, const std::string& section, std::vector<std::string>& lines,
                         Message& message) {
  for (; count > 0; --count) {
    const std::string owner = reader.ReadName().ToText();
    const RecordType type{reader.ReadU16()};
    if (type == RecordType::kOpt) {
      const WireReader body = reader;
      WireReader upper_rcode = reader;
      upper_rcode.Skip(2);
      message.rcode = static_cast<dns::Rcode>(upper_rcode.ReadU8() << 4 | static_cast<uint16_t>(message.rcode));
      if (message.edns.has_value() || owner != "." || !dns::ReadOpt(reader, message.edns.emplace())) {
        return BrokenAt(reader, "OPT record");
      }
      message.edns_options = ReadOptions(body);
      continue;
    }
    const RecordClass record_class{reader.ReadU16()};
    const uint32_t ttl = reader.ReadU32();
    const uint16_t length = reader.ReadU16();
    const size_t end = reader.position() + length;
    const std::string rdata = dns::ReadRdataText(reader, type, length);
    if (!reader.ok() || reader.position() != end) {
      return BrokenAt(reader, absl::StrCat(section, " record ", lines.size()));
    }
    lines.push_back(absl::StrCat(owner, " ", ttl, " ", ClassText(record_class), " ", dns::NameOf(type), " ", rdata));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<uint8_t> MakeQuery(std::string_view name, RecordType type, const QueryOptions& options) {
  uint16_t flags = 0;
  if (options.recursion_desired) flags |= dns::kRecursionDesiredFlag;
  if (options.checking_disabled) flags |= dns::kCheckingDisabledFlag;
  const dns::Name wire_name = dns::Name::FromText(name).value();

  std::vector<uint8_t> octets;
  for (const uint16_t field : {options.id, flags, uint16_t{1}, uint16_t{0}, uint16_t{0}}) Append(octets, field);
  Append(octets, options.edns_size.has_value() ? 1 : 0);
  octets.insert(octets.end(), wire_name.wire().begin(), wire_name.wire().end());
  Append(octets, static_cast<uint16_t>(type));
  Append(octets, static_cast<uint16_t>(options.record_class));
  if (options.edns_size.has_value()) {
    octets.push_back(0);  // owner: the root
    Append(octets, static_cast<uint16_t>(RecordType::kOpt));
    Append(octets, *options.edns_size);
    Append(octets, 0);  // upper bits of the rcode, version
    Append(octets, options.dnssec_ok ? 0x8000 : 0);
    Append(octets, static_cast<uint16_t>(options.edns_options.size()));
    octets.insert(octets.end(), options.edns_options.begin(), options.edns_options.end());
  }
  return octets;
}

absl::StatusOr<Message> ParseMessage(absl::Span<const uint8_t> octets) {
  WireReader reader(octets);
  Message message;
  message.id = reader.ReadU16();
  const uint16_t flags = reader.ReadU16();
  message.response = (flags & dns::kResponseFlag) != 0;
  message.opcode = static_cast<dns::Opcode>(flags >> dns::kOpcodeShift & dns::kOpcodeMask);
  message.authoritative = (flags & dns::kAuthoritativeFlag) != 0;
  message.truncated = (flags & dns::kTruncatedFlag) != 0;
  message.recursion_desired = (flags & dns::kRecursionDesiredFlag) != 0;
  message.recursion_available = (flags & dns::kRecursionAvailableFlag) != 0;
  message.authentic_data = (flags & dns::kAuthenticDataFlag) != 0;
  message.checking_disabled = (flags & dns::kCheckingDisabledFlag) != 0;
  message.rcode = static_cast<dns::Rcode>(flags & dns::kRcodeMask);
  const uint16_t questions = reader.ReadU16();
  const uint16_t answers = reader.ReadU16();
  const uint16_t authorities = reader.ReadU16();
  const uint16_t additionals = reader.ReadU16();
  for (int i = 0; i < questions && reader.ok(); ++i) {
    const std::string name = reader.ReadName().ToText();
    const RecordType type{reader.ReadU16()};
    const RecordClass record_class{reader.ReadU16()};
    message.questions.push_back(absl::StrCat(name, " ", ClassText(record_class), " ", dns::NameOf(type)));
  }
  if (!reader.ok()) return BrokenAt(reader, "header or question");
  RETURN_IF_ERROR(ReadSection(reader, answers, "answer", message.answer, message));
  RETURN_IF_ERROR(ReadSection(reader, authorities, "authority", message.authority, message));
  RETURN_IF_ERROR(ReadSection(reader, additionals, "additional", message.additional, message));
  if (!reader.rest().empty()) return BrokenAt(reader, absl::StrCat(reader.rest().size(), " octets left over;"));
  return message;
}

}  // namespace podnamed::testing
