#include "server/dns/wire_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace podnamed::dns {
namespace {

// The label (or the root's octet) that stands here.
std::string_view LabelAt(const char* wire) { return {wire, static_cast<uint8_t>(*wire) + size_t{1}}; }

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

size_t WireWriter::Put(const NamePieces& name, Form form, Use use) {
  // Most owners are the question's name, or the end of it that is a zone of ours.
  if (const size_t own = PlaceInQuestion(name.pieces()[0]); own != 0 && form == Form::kCompressed) {
    PutPointer(own);
    return own;
  }
  const size_t size = name.size();
  if (size > kMaxNameLength) {  // put together of parts that are names, and is none itself
    overflowed_ = true;
    return position_;
  }
  Split split = SplitAtQuestion(name);
  if (split.fresh > 0) {
    if (last_target_.place != 0) Remember(std::exchange(last_target_, {}));
    if (table_in_use_) SplitAtTarget(split);
  }

  const size_t place = position_;
  const bool is_full = form == Form::kFull || split.pointer == 0;
  size_t left = is_full ? size : split.fresh_octets;
  if (uint8_t* to = Grow(left)) {
    for (const std::string_view piece : name.pieces()) {
      const size_t count = std::min(piece.size(), left);
      if (count == 0) continue;
      std::memcpy(to, piece.data(), count);
      to += count;
      left -= count;
    }
  }
  if (!is_full) PutPointer(split.pointer);
  if (split.fresh == 0 && split.pointer != 0) return split.pointer;
  if (use == Use::kRemembered && !overflowed_) last_target_ = {place, split.fresh_octets, split.hash};
  return place;
}

size_t WireWriter::PlaceInQuestion(std::string_view name) const {
  if (question_ == nullptr) return 0;
  const std::optional<size_t> label = question_->LabelAtStartOf(name);
  return label.has_value() && *label < question_->label_count() ? question_offset_ + question_->label_start(*label) : 0;
}

WireWriter::Split WireWriter::SplitAtQuestion(const NamePieces& name) const {
  Split split;
  const size_t last = name.last();
  const std::optional<size_t> own =
      question_ == nullptr ? std::nullopt : question_->LabelAtStartOf(name.pieces()[last]);
  for (size_t i = 0; i < (own.has_value() ? last : last + 1); ++i) {
    const std::string_view piece = name.pieces()[i];
    for (const char* label = piece.data(); label != piece.data() + piece.size() && *label != '\0';) {
      const size_t size = LabelAt(label).size();
      split.labels[split.fresh++] = label;
      split.fresh_octets += size;
      label += size;
    }
  }
  if (question_ == nullptr) return split;
  const size_t question_labels = question_->label_count();
  size_t& at = split.question_label;
  at = own.value_or(question_labels);
  while (at > 0 && split.fresh > 0) {
    const std::string_view label = LabelAt(split.labels[split.fresh - 1]);
    if (!EqualIgnoringCase(label.substr(1), question_->label(at - 1))) break;
    --at;
    --split.fresh;
    split.fresh_octets -= label.size();
  }
  if (at < question_labels) split.pointer = question_offset_ + question_->label_start(at);
  split.hash = static_cast<uint32_t>(split.pointer);
  return split;
}

void WireWriter::HashSuffixes(const Split& split, Hashes& hashes) {
  uint32_t hash = split.hash;
  for (size_t i = split.fresh; i-- > 0;) hashes[i] = hash = HashLabel(hash, LabelAt(split.labels[i]));
}

void WireWriter::SplitAtTarget(Split& split) {
  Hashes hashes;
  HashSuffixes(split, hashes);
  for (size_t i = 0; i < split.fresh; ++i) {
    const size_t place = SlotOf(hashes[i]);
    if (place == 0 || !StandsAt(place, split, i)) continue;
    split.pointer = place;
    split.hash = hashes[i];
    for (; split.fresh > i; --split.fresh) split.fresh_octets -= LabelAt(split.labels[split.fresh - 1]).size();
    return;
  }
}

void WireWriter::Remember(const Target& target) {
  if (!table_in_use_) table_ = {};
  table_in_use_ = true;
  Split split;
  split.hash = target.hash;
  const char* const start = reinterpret_cast<const char*>(buffer_.data()) + target.place;
  for (const char* label = start; label != start + target.fresh_octets; label += LabelAt(label).size()) {
    split.labels[split.fresh++] = label;
  }
  Hashes hashes;
  HashSuffixes(split, hashes);
  for (size_t i = 0; i < split.fresh; ++i) {
    const size_t place = target.place + static_cast<size_t>(split.labels[i] - start);
    if (place > kMaxPointerTarget) break;
    SlotOf(hashes[i]) = static_cast<uint16_t>(place);
  }
}

bool WireWriter::StandsAt(size_t place, const Split& split, size_t first) const {
  for (size_t i = first; i < split.fresh; ++i) {
    if (!PassLabel(place, LabelAt(split.labels[i]))) return false;
  }
  if (question_ != nullptr) {
    for (size_t i = split.question_label; i < question_->label_count(); ++i) {
      if (!PassLabel(place, LabelAt(&question_->from_label(i).front()))) return false;
    }
  }
  return PassLabel(place, LabelAt(""));
}

bool WireWriter::PassLabel(size_t& place, std::string_view label) const {
  while (buffer_[place] >= 0xC0) place = static_cast<size_t>(buffer_[place] & 0x3F) << 8 | buffer_[place + 1];
  const std::string_view there = LabelAt(reinterpret_cast<const char*>(buffer_.data()) + place);
  place += there.size();
  return EqualIgnoringCase(there, label);
}

void WireWriter::RollBack(size_t mark) {
  position_ = mark;
  overflowed_ = false;
  table_in_use_ = false;
  last_target_ = {};
}

}  // namespace podnamed::dns
