#include "server/upstream/query_message.h"

#include <algorithm>

#include "server/dns/wire_reader.h"
#include "server/dns/wire_writer.h"

namespace podnamed::upstream {
namespace {

constexpr uint16_t kOneQuestion = 1;

uint16_t FlagsOf(const Question& question) {
  return static_cast<uint16_t>((question.recursion_desired ? dns::kRecursionDesiredFlag : 0) |
                               (question.authentic_data ? dns::kAuthenticDataFlag : 0) |
                               (question.checking_disabled ? dns::kCheckingDisabledFlag : 0));
}

bool IsLetter(uint8_t octet) { return dns::FoldCase(octet) >= 'a' && dns::FoldCase(octet) <= 'z'; }

}  // namespace

QueryMessage::QueryMessage(const Question& question)
    : asked_name_(question.name),
      type_(question.type),
      record_class_(question.record_class),
      octets_(dns::kHeaderLength + question.name.wire().size() + 4 + dns::kOptLength + question.edns_options.size()) {
  dns::WireWriter::CompressionTable unused;
  dns::WireWriter writer(absl::MakeSpan(octets_), unused);
  writer.PutOctets(asked_name_.wire());
  writer.PutU16(static_cast<uint16_t>(type_));
  writer.PutU16(static_cast<uint16_t>(record_class_));
  if (question.edns) {
    dns::PutOpt(writer, {.dnssec_ok = question.dnssec_ok}, dns::Rcode::kNoError);
    const size_t length_at = writer.position() - 2;
    writer.PutOctets(question.edns_options);
    writer.PatchU16(length_at, static_cast<uint16_t>(question.edns_options.size()));
  }
  writer.PatchU16(2, FlagsOf(question));
  writer.PatchU16(4, kOneQuestion);
  writer.PatchU16(10, question.edns ? 1 : 0);
  octets_.resize(writer.position());
}

void QueryMessage::set_id(uint16_t id) {
  octets_[0] = static_cast<uint8_t>(id >> 8);
  octets_[1] = static_cast<uint8_t>(id);
}

void QueryMessage::MixLetters(RandomSource& random) {
  constexpr uint8_t kCaseBit = 0x20;
  uint8_t bits = 0;
  int bits_left = 0;
  // Length octets are at most 63 and so never letters.
  for (size_t i = dns::kHeaderLength; i < dns::kHeaderLength + asked_name_.wire().size(); ++i) {
    if (!IsLetter(octets_[i])) continue;
    if (bits_left == 0) {
      bits = random.NextU8();
      bits_left = 8;
    }
    const bool is_capital = (bits & 1) != 0;
    octets_[i] = static_cast<uint8_t>((octets_[i] & ~kCaseBit) | (is_capital ? 0 : kCaseBit));
    shows_folding_ |= is_capital;
    bits >>= 1;
    --bits_left;
  }
  has_mixed_letters_ = true;
}

Match QueryMessage::Compare(absl::Span<const uint8_t> reply) const {
  if (reply.size() < dns::kHeaderLength) return Match::kNoReply;
  dns::WireReader reader(reply);
  const uint16_t reply_id = reader.ReadU16();
  const uint16_t flags = reader.ReadU16();
  if ((flags & dns::kResponseFlag) == 0 || (flags >> dns::kOpcodeShift & dns::kOpcodeMask) != 0) return Match::kNoReply;
  if (reply_id != id()) return Match::kOtherId;

  const uint16_t questions = reader.ReadU16();
  reader.Skip(6);  // the other counts
  // Nothing stands before the question that it could point to, so its octets are those of the query.
  const std::string_view name = reader.ReadOctets(asked_name_.wire().size());
  const auto type = dns::RecordType{reader.ReadU16()};
  const auto record_class = dns::RecordClass{reader.ReadU16()};
  if (!reader.ok() || questions != kOneQuestion || type != type_ || record_class != record_class_ ||
      !dns::EqualIgnoringCase(name, asked_name_.wire())) {
    return Match::kOtherQuestion;
  }
  return has_mixed_letters_ && name != sent_name() ? Match::kOtherLetters : Match::kReply;
}

void QueryMessage::Restore(absl::Span<uint8_t> reply) const {
  reply[0] = reply[1] = 0;
  const std::string_view name = asked_name_.wire();
  std::copy(name.begin(), name.end(), reply.begin() + dns::kHeaderLength);
}

}  // namespace podnamed::upstream
