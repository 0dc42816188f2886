#include "server/testing/reply_builder.h"

#include <map>
#include <sstream>

#include "absl/strings/escaping.h"
#include "server/base/ip_address.h"
#include "server/dns/name.h"

namespace podnamed::testing {
namespace {

using dns::RecordType;

constexpr uint16_t kDnameType = 39;

uint16_t Number(const std::string& word) { return static_cast<uint16_t>(std::stoul(word)); }

RecordType TypeOf(const std::string& word) {
  if (word.starts_with("TYPE")) return RecordType{Number(word.substr(4))};
  if (word == "DNAME") return RecordType{kDnameType};
  return dns::ParseRecordType(word).value();
}

class Writer {
 public:
  explicit Writer(bool compress) : compress_(compress) {}

  std::vector<uint8_t>& octets() { return octets_; }
  void PutU8(size_t value) { octets_.push_back(static_cast<uint8_t>(value)); }
  void PutU16(size_t value) {
    PutU8(value >> 8);
    PutU8(value);
  }
  void PutU32(size_t value) {
    PutU16(value >> 16);
    PutU16(value);
  }
  void PutOctets(std::string_view octets) { octets_.insert(octets_.end(), octets.begin(), octets.end()); }

  void PutName(const std::string& text, bool compress = true) {
    const dns::Name name = dns::Name::FromText(text).value();
    std::string_view rest = name.wire();
    while (rest != std::string_view("\0", 1)) {
      const auto [known, is_new] = places_.try_emplace(dns::Name::FromWire(rest).Folded(), octets_.size());
      if (!is_new && compress && compress_ && known->second <= 0x3FFF) return PutU16(0xC000 | known->second);
      const size_t label = static_cast<uint8_t>(rest[0]) + size_t{1};
      PutOctets(rest.substr(0, label));
      rest.remove_prefix(label);
    }
    PutU8(0);
  }

  void PutRecord(const std::string& line) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    PutName(word);
    words >> word;
    const size_t ttl = std::stoul(word);
    words >> word;
    uint16_t record_class = 1;
    if (word == "CH" || word == "IN") {
      if (word == "CH") record_class = 3;
      words >> word;
    }
    const RecordType type = TypeOf(word);
    PutU16(static_cast<uint16_t>(type));
    PutU16(record_class);
    PutU32(ttl);
    const size_t length_at = octets_.size();
    PutU16(0);
    PutRdata(type, words);
    const size_t length = octets_.size() - length_at - 2;
    octets_[length_at] = static_cast<uint8_t>(length >> 8);
    octets_[length_at + 1] = static_cast<uint8_t>(length);
  }

 private:
  void PutRdata(RecordType type, std::istringstream& words) {
    std::string word;
    words >> word;
    if (word == "\\#") {
      words >> word >> word;
      return PutOctets(absl::HexStringToBytes(word));
    }
    switch (type) {
      case RecordType::kA: {
        const base::Ipv4Address address = base::ParseIpAddress(word).value().v4();
        for (const uint8_t octet : address) PutU8(octet);
        return;
      }
      case RecordType::kAaaa: {
        const base::Ipv6Address address = base::ParseIpAddress(word).value().v6();
        for (const uint8_t octet : address) PutU8(octet);
        return;
      }
      case RecordType::kTxt:
        for (; !word.empty(); word.clear(), words >> word) {
          PutU8(word.size());
          PutOctets(word);
        }
        return;
      case RecordType::kMx:
        PutU16(Number(word));
        words >> word;
        return PutName(word);
      case RecordType::kSrv:
        for (int i = 0; i < 3; ++i, words >> word) PutU16(Number(word));
        return PutName(word);
      case RecordType::kSoa:
        PutName(word);
        words >> word;
        PutName(word);
        while (words >> word) PutU32(std::stoul(word));
        return;
      default:
        return PutName(word, type != RecordType{kDnameType});
    }
  }

  bool compress_;
  std::vector<uint8_t> octets_;
  std::map<dns::Name, size_t> places_;
};

}  // namespace

std::vector<uint8_t> MakeReply(std::string_view name, RecordType type, const ReplyParts& parts) {
  Writer writer(parts.compress);
  writer.PutU16(parts.id);
  writer.PutU16(parts.flags | (static_cast<uint16_t>(parts.rcode) & dns::kRcodeMask));
  writer.PutU16(1);
  writer.PutU16(parts.answer.size());
  writer.PutU16(parts.authority.size());
  writer.PutU16(parts.additional.size() + (parts.edns_size.has_value() ? 1 : 0) + parts.behind_opt.size());
  writer.PutName(std::string(name));
  writer.PutU16(static_cast<uint16_t>(type));
  writer.PutU16(1);
  for (const auto* section : {&parts.answer, &parts.authority, &parts.additional}) {
    for (const std::string& line : *section) writer.PutRecord(line);
  }
  if (parts.edns_size.has_value()) {
    writer.PutU8(0);
    writer.PutU16(static_cast<uint16_t>(RecordType::kOpt));
    writer.PutU16(*parts.edns_size);
    writer.PutU8(static_cast<uint16_t>(parts.rcode) >> 4);
    writer.PutU8(0);
    writer.PutU16(parts.dnssec_ok ? 0x8000 : 0);
    writer.PutU16(0);
  }
  for (const std::string& line : parts.behind_opt) writer.PutRecord(line);
  return writer.octets();
}

}  // namespace podnamed::testing
