#include "server/dns/edns.h"

namespace podnamed::dns {
namespace {

constexpr uint16_t kDnssecOkFlag = 0x8000;
constexpr uint16_t kExtendedErrorOption = 15;  // RFC 8914 section 2
constexpr size_t kOptionHeaderLength = 4;
constexpr size_t kInfoCodeLength = 2;

bool OptionsAreWellFormed(WireReader& reader, size_t end) {
  while (reader.ok() && reader.position() < end) {
    reader.Skip(2);  // the option's code
    reader.Skip(reader.ReadU16());
  }
  return reader.ok() && reader.position() == end;
}

// As many octets of `text` as fit into `room` without cutting a character of UTF-8 in two.
std::string_view CutText(std::string_view text, size_t room) {
  if (text.size() <= room) return text;
  const auto is_inside_character = [&text](size_t i) { return (static_cast<uint8_t>(text[i]) & 0xC0) == 0x80; };
  while (room > 0 && is_inside_character(room)) --room;
  return text.substr(0, room);
}

void PutExtendedError(WireWriter& writer, const ExtendedError& error, std::string_view text) {
  writer.PutU16(kExtendedErrorOption);
  writer.PutU16(static_cast<uint16_t>(kInfoCodeLength + text.size()));
  writer.PutU16(error.info_code);
  writer.PutOctets(text);
}

}  // namespace

bool ReadOpt(WireReader& reader, Edns& edns) {
  edns.udp_payload_size = reader.ReadU16();
  reader.Skip(1);  // upper bits of the rcode: none in a query
  edns.version = reader.ReadU8();
  edns.dnssec_ok = (reader.ReadU16() & kDnssecOkFlag) != 0;
  const size_t length = reader.ReadU16();
  if (edns.version == kEdnsVersion) return OptionsAreWellFormed(reader, reader.position() + length);
  reader.Skip(length);
  return true;
}

void PutOpt(WireWriter& writer, const Edns& edns, Rcode rcode, const std::optional<ExtendedError>& error) {
  constexpr size_t kErrorLength = kOptionHeaderLength + kInfoCodeLength;  // without its text
  const size_t room = writer.room();
  writer.PutU8(0);  // owner: the root
  writer.PutU16(static_cast<uint16_t>(RecordType::kOpt));
  writer.PutU16(kDefaultUdpLimit);
  writer.PutU8(static_cast<uint8_t>(static_cast<uint16_t>(rcode) >> 4));
  writer.PutU8(kEdnsVersion);
  writer.PutU16(edns.dnssec_ok ? kDnssecOkFlag : 0);
  if (!error.has_value() || room < kOptLength + kErrorLength) {
    writer.PutU16(0);  // no options
    return;
  }
  const std::string_view text = CutText(error->text, room - kOptLength - kErrorLength);
  writer.PutU16(static_cast<uint16_t>(kErrorLength + text.size()));
  PutExtendedError(writer, *error, text);
}

}  // namespace podnamed::dns
