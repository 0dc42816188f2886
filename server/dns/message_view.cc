#include "server/dns/message_view.h"

#include <algorithm>

#include "server/dns/wire_reader.h"

namespace podnamed::dns {
namespace {

// Reads a record from behind its owner on.
void ReadBody(WireReader& reader, RecordView& record) {
  record.type = RecordType{reader.ReadU16()};
  record.record_class = RecordClass{reader.ReadU16()};
  record.ttl_at = reader.position();
  record.ttl = reader.ReadU32();
  if (record.ttl > 0x7FFFFFFF) record.ttl = 0;
  record.rdata_length = reader.ReadU16();
  record.rdata_at = reader.position();
  reader.Skip(record.rdata_length);
}

// The OPT record that `record` is: `reader` stands behind it. False if it is malformed.
bool ReadOptAt(absl::Span<const uint8_t> message, const RecordView& record, Edns& edns) {
  if (record.ttl_at != record.start + 5) return false;  // an owner longer than the root's one octet
  WireReader reader(message);
  reader.Skip(record.start + 3);
  return ReadOpt(reader, edns) && reader.ok();
}

}  // namespace

std::optional<MessageView> MessageView::Read(absl::Span<const uint8_t> message) {
  if (message.size() < kHeaderLength || message.size() > kMaxMessageLength) return std::nullopt;
  MessageView view;
  view.octets_ = message;
  const size_t questions = view.U16At(4);
  if ((view.flags() & kResponseFlag) == 0 || questions > 1) return std::nullopt;
  view.rcode_ = Rcode{static_cast<uint16_t>(view.flags() & kRcodeMask)};

  WireReader reader(message, kHeaderLength);
  reader.Skip(kHeaderLength);
  if (questions == 1) {
    reader.SkipName();
    view.question_name_length_ = reader.position() - kHeaderLength;
    reader.Skip(4);  // type, class
    NameStorage storage;
    if (!reader.ok() || view.NameAt(kHeaderLength, storage).size() != view.question_name_length_) return std::nullopt;
  }

  for (const Section section : {Section::kAnswer, Section::kAuthority, Section::kAdditional}) {
    view.section_starts_[static_cast<size_t>(section)] = reader.position();
    for (size_t left = view.count(section); left > 0; --left) {
      RecordView record{.section = section, .start = reader.position()};
      NameStorage storage;
      reader.ReadName(storage);
      ReadBody(reader, record);
      if (!reader.ok()) return std::nullopt;
      if (record.type == RecordType::kOpt) {
        if (section != Section::kAdditional || view.opt_.has_value()) return std::nullopt;
        if (!ReadOptAt(message, record, view.edns_)) return std::nullopt;
        view.opt_ = record;
        view.rcode_ = Rcode{static_cast<uint16_t>(message[record.ttl_at] << 4 | static_cast<uint16_t>(view.rcode_))};
        continue;
      }
      ++view.ttl_count_;
      view.lowest_ttl_ = std::min(view.lowest_ttl_.value_or(record.ttl), record.ttl);
      if (section == Section::kAuthority && record.type == RecordType::kSoa) view.has_soa_in_authority_ = true;
    }
  }
  view.octets_ = message.first(reader.position());
  return view;
}

MessageView::RecordRange MessageView::records() const {
  return {octets_,
          {count(Section::kAnswer), count(Section::kAuthority), count(Section::kAdditional)},
          section_start(Section::kAnswer)};
}

MessageView::RecordRange MessageView::records(Section section) const {
  std::array<size_t, kSectionCount> counts{};
  counts[static_cast<size_t>(section)] = count(section);
  return {octets_, counts, section_start(section)};
}

void MessageView::RecordIterator::Load(size_t start) {
  size_t section = 0;
  while (section < kSectionCount && left_in_[section] == 0) ++section;
  if (section == kSectionCount) return;
  record_.section = Section{static_cast<uint8_t>(section)};
  record_.start = start;
  WireReader reader(octets_);
  reader.Skip(start);
  reader.SkipName();
  ReadBody(reader, record_);
}

std::string_view MessageView::NameAt(size_t place, NameStorage& storage) const {
  WireReader reader(octets_, kHeaderLength);
  reader.Skip(place);
  return reader.ReadName(storage);
}

void SetEveryTtl(const MessageView& view, uint32_t ttl, absl::Span<uint8_t> message) {
  for (const RecordView& record : view.records()) {
    if (record.type == RecordType::kOpt) continue;
    for (size_t i = 0; i < 4; ++i) message[record.ttl_at + i] = static_cast<uint8_t>(ttl >> (24 - 8 * i));
  }
}

}  // namespace podnamed::dns
