#include "server/dns/wire_writer.h"

#include <cstring>

namespace podnamed::dns {
namespace {

size_t LengthAt(std::string_view wire, size_t position) { return static_cast<uint8_t>(wire[position]); }

// The name in one run; put together in `storage` if it is not one already.
std::string_view Join(const NamePieces& name, std::array<char, kMaxNameLength>& storage) {
  const std::string_view first = name.pieces()[0];
  if (first.size() == name.size()) return first;
  size_t size = 0;
  for (const std::string_view piece : name.pieces()) {
    if (piece.empty()) continue;
    std::memcpy(storage.data() + size, piece.data(), piece.size());
    size += piece.size();
  }
  return {storage.data(), size};
}

// FNV-1a over the label, going on from the hash of the suffix that follows it. Setting bit 5 makes letters of either
// case alike; what else it makes alike only collides.
uint32_t HashLabel(uint32_t hash, std::string_view label) {
  for (const char octet : label) hash = (hash ^ (static_cast<uint8_t>(octet) | 0x20U)) * 16777619U;
  return hash;
}

}  // namespace

void WireWriter::PutOctets(std::string_view octets) {
  if (uint8_t* to = Grow(octets.size()); to != nullptr && !octets.empty()) {
    std::memcpy(to, octets.data(), octets.size());
  }
}

void WireWriter::PutQuestionName(const QueryName& name) {
  question_ = &name;
  question_offset_ = position_;
  PutOctets(name.original());
}

size_t WireWriter::Put(const NamePieces& pieces, Form form, Use use) {
  if (pieces.size() > kMaxNameLength) {  // put together of parts that are names, and is none itself
    overflowed_ = true;
    return position_;
  }
  std::array<char, kMaxNameLength> storage;
  const std::string_view name = Join(pieces, storage);
  Split split;
  SplitAtQuestion(name, split);
  if (split.fresh > 0 && (table_in_use_ || use == Use::kRemembered)) {
    FindSlots(name, split);
    if (table_in_use_) SplitAtTarget(name, split);
  }

  const size_t place = position_;
  if (form == Form::kFull || split.pointer == 0) {
    PutOctets(name);
  } else {
    PutOctets(name.substr(0, split.cut));
    PutPointer(split.pointer);
  }
  if (use == Use::kRemembered && !overflowed_) Remember(place, split);
  return split.cut == 0 && split.pointer != 0 ? split.pointer : place;
}

void WireWriter::SplitAtQuestion(std::string_view name, Split& split) const {
  for (; name[split.cut] != '\0'; split.cut += LengthAt(name, split.cut) + 1) {
    if (question_ != nullptr) {
      if (const std::optional<size_t> above = question_->LabelsAbove(name.substr(split.cut))) {
        split.pointer = question_offset_ + question_->label_start(*above);
        return;
      }
    }
    split.starts[split.fresh++] = static_cast<uint8_t>(split.cut);
  }
}

void WireWriter::FindSlots(std::string_view name, Split& split) const {
  uint32_t hash = static_cast<uint32_t>(split.pointer);  // stands for the labels behind the cut
  for (size_t i = split.fresh; i-- > 0;) {
    hash = HashLabel(hash, name.substr(split.starts[i], LengthAt(name, split.starts[i]) + 1));
    split.slots[i] = static_cast<uint16_t>((hash ^ hash >> 16) % table_.size());
  }
}

void WireWriter::SplitAtTarget(std::string_view name, Split& split) const {
  for (size_t i = 0; i < split.fresh; ++i) {
    const size_t place = table_[split.slots[i]];
    if (place == 0 || !StandsAt(place, name.substr(split.starts[i]))) continue;
    split.cut = split.starts[i];
    split.pointer = place;
    split.fresh = i;
    return;
  }
}

void WireWriter::Remember(size_t place, const Split& split) {
  if (!table_in_use_) table_.fill(0);
  table_in_use_ = true;
  for (size_t i = 0; i < split.fresh && place + split.starts[i] <= kMaxPointerTarget; ++i) {
    table_[split.slots[i]] = static_cast<uint16_t>(place + split.starts[i]);
  }
}

bool WireWriter::StandsAt(size_t place, std::string_view name) const {
  while (true) {
    const uint8_t first = buffer_[place];
    if (first >= 0xC0) {
      place = static_cast<size_t>(first & 0x3F) << 8 | buffer_[place + 1];
      continue;
    }
    if (LengthAt(name, 0) != first) return false;
    if (first == 0) return true;
    const std::string_view label{reinterpret_cast<const char*>(buffer_.data()) + place, first + size_t{1}};
    if (!EqualIgnoringCase(label, name.substr(0, label.size()))) return false;
    place += label.size();
    name.remove_prefix(label.size());
  }
}

void WireWriter::RollBack(size_t mark) {
  position_ = mark;
  overflowed_ = false;
  table_in_use_ = false;
}

}  // namespace podnamed::dns
