#include "server/dns/edns.h"

namespace podnamed::dns {
namespace {

constexpr uint16_t kDnssecOkFlag = 0x8000;

bool OptionsAreWellFormed(WireReader& reader, size_t end) {
  while (reader.ok() && reader.position() < end) {
    reader.Skip(2);  // the option's code
    reader.Skip(reader.ReadU16());
  }
  return reader.ok() && reader.position() == end;
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

void PutOpt(WireWriter& writer, const Edns& edns, Rcode rcode) {
  writer.PutU8(0);  // owner: the root
  writer.PutU16(static_cast<uint16_t>(RecordType::kOpt));
  writer.PutU16(kDefaultUdpLimit);
  writer.PutU8(static_cast<uint8_t>(static_cast<uint16_t>(rcode) >> 4));
  writer.PutU8(kEdnsVersion);
  writer.PutU16(edns.dnssec_ok ? kDnssecOkFlag : 0);
  writer.PutU16(0);  // no options
}

}  // namespace podnamed::dns
