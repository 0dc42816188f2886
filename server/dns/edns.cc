#include "server/dns/edns.h"

#include <algorithm>

namespace podnamed::dns {
namespace {

constexpr uint16_t kDnssecOkFlag = 0x8000;
constexpr size_t kOptionHeaderLength = 4;
constexpr size_t kInfoCodeLength = 2;

bool ReadOptions(WireReader& reader, size_t end, Edns& edns) {
  while (reader.ok() && reader.position() < end) {
    const uint16_t option = reader.ReadU16();
    if (option == kNsidOption) edns.asks_nsid = true;
    if (option == kPaddingOption) edns.is_padded = true;
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

void PutPadding(WireWriter& writer) {
  static constexpr char kZeros[kPaddedBlock] = {};
  if (writer.room() < kOptionHeaderLength) return;
  const size_t past = (writer.position() + kOptionHeaderLength) % kPaddedBlock;
  const size_t room = writer.room() - kOptionHeaderLength;
  const size_t length = std::min(past == 0 ? 0 : kPaddedBlock - past, room);
  writer.PutU16(kPaddingOption);
  writer.PutU16(static_cast<uint16_t>(length));
  writer.PutOctets(std::string_view(kZeros, length));
}

}  // namespace

bool ReadOpt(WireReader& reader, Edns& edns) {
  edns.udp_payload_size = reader.ReadU16();
  reader.Skip(1);  // upper bits of the rcode: none in a query
  edns.version = reader.ReadU8();
  edns.dnssec_ok = (reader.ReadU16() & kDnssecOkFlag) != 0;
  const size_t length = reader.ReadU16();
  edns.options = reader.rest().substr(0, length);
  if (edns.version == kEdnsVersion) return ReadOptions(reader, reader.position() + length, edns);
  reader.Skip(length);
  return true;
}

std::optional<std::string_view> FindOption(std::string_view options, uint16_t code) {
  WireReader reader({reinterpret_cast<const uint8_t*>(options.data()), options.size()});
  while (!reader.rest().empty()) {
    const bool is_wanted = reader.ReadU16() == code;
    const std::string_view data = reader.ReadOctets(reader.ReadU16());
    if (!reader.ok()) break;
    if (is_wanted) return data;
  }
  return std::nullopt;
}

size_t NsidLength(const Edns& edns, std::string_view nsid) {
  return edns.asks_nsid && !nsid.empty() ? kOptionHeaderLength + nsid.size() : 0;
}

void PutOpt(WireWriter& writer, const Edns& edns, Rcode rcode, const std::optional<ExtendedError>& error,
            std::string_view nsid, bool pads) {
  constexpr size_t kErrorLength = kOptionHeaderLength + kInfoCodeLength;      // without its text
  size_t room = writer.room() < kOptLength ? 0 : writer.room() - kOptLength;  // for options
  writer.PutU8(0);                                                            // owner: the root
  writer.PutU16(static_cast<uint16_t>(RecordType::kOpt));
  writer.PutU16(kDefaultUdpLimit);
  writer.PutU8(static_cast<uint8_t>(static_cast<uint16_t>(rcode) >> 4));
  writer.PutU8(kEdnsVersion);
  writer.PutU16(edns.dnssec_ok ? kDnssecOkFlag : 0);
  const size_t length_at = writer.position();
  writer.PutU16(0);
  const size_t nsid_length = NsidLength(edns, nsid);
  if (nsid_length > 0 && nsid_length <= room) {
    writer.PutU16(kNsidOption);
    writer.PutU16(static_cast<uint16_t>(nsid.size()));
    writer.PutOctets(nsid);
    room -= nsid_length;
  }
  if (error.has_value() && kErrorLength <= room) {
    PutExtendedError(writer, *error, CutText(error->text, room - kErrorLength));
  }
  if (pads) PutPadding(writer);
  if (!writer.overflowed()) writer.PatchU16(length_at, static_cast<uint16_t>(writer.position() - length_at - 2));
}

}  // namespace podnamed::dns
