#include "server/dns/rdata_text.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/base/ip_address.h"

namespace podnamed::dns {
namespace {

template <typename Address>
std::string ReadAddress(WireReader& reader) {
  Address address{};
  const std::string_view octets = reader.ReadOctets(address.size());
  std::copy(octets.begin(), octets.end(), address.begin());
  return base::IpAddress(address).ToString();
}

// A character-string between quotes, as a zone file has it.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (c < ' ' || c > '~') {
      quoted += absl::StrFormat("\\%03d", static_cast<uint8_t>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string ReadTexts(WireReader& reader, size_t end) {
  std::string texts;
  while (reader.ok() && reader.position() < end) {
    if (!texts.empty()) texts += " ";
    texts += Quoted(reader.ReadOctets(reader.ReadU8()));
  }
  return texts;
}

}  // namespace

std::string ReadRdataText(WireReader& reader, RecordType type, size_t length) {
  switch (type) {
    case RecordType::kA:
      return ReadAddress<base::Ipv4Address>(reader);
    case RecordType::kAaaa:
      return ReadAddress<base::Ipv6Address>(reader);
    case RecordType::kNs:
    case RecordType::kCname:
    case RecordType::kPtr:
      return reader.ReadName().ToText();
    case RecordType::kMx: {
      const uint16_t preference = reader.ReadU16();
      return absl::StrCat(preference, " ", reader.ReadName().ToText());
    }
    case RecordType::kSrv: {
      const uint16_t priority = reader.ReadU16();
      const uint16_t weight = reader.ReadU16();
      const uint16_t port = reader.ReadU16();
      return absl::StrCat(priority, " ", weight, " ", port, " ", reader.ReadName().ToText());
    }
    case RecordType::kSoa: {
      std::string text = reader.ReadName().ToText();
      text += " " + reader.ReadName().ToText();
      for (int number = 0; number < 5; ++number) absl::StrAppend(&text, " ", reader.ReadU32());
      return text;
    }
    case RecordType::kHinfo:
    case RecordType::kTxt:
      return ReadTexts(reader, reader.position() + length);
    default:
      return absl::StrCat("\\# ", length, " ", absl::BytesToHexString(std::string(reader.ReadOctets(length))));
  }
}

}  // namespace podnamed::dns
