// A cursor over the fixed buffer of a message, with name compression (RFC 1035 section 4.1.4). What does not fit is not
// written and makes overflowed() true until RollBack, so that callers write a whole record and ask once.
//
// A name is compressed first against the question, label by label from the right and without any table: nearly every
// name of a reply ends in a zone of the question, and most of them in the very octets of the client's packet, which
// need not be compared. Only targets (names in rdata, which later owners are likely to equal) are remembered, by a
// table from the hash of each of their suffixes to its place, and the last of them not before another name is written:
// a reply with one target never touches the table. Suffixes are found whatever their letters' case; a name then takes
// the letters of the place that it points to. Allocates nothing. Buffer, table and question outlive the writer. One
// thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/types/span.h"
#include "server/dns/name.h"
#include "server/dns/types.h"

namespace podnamed::dns {

inline constexpr size_t kMaxPointerTarget = 0x3FFF;

class WireWriter {
 public:
  // From the hash of a suffix to the offset where it was last written, 0 for none; a loser of a collision is forgotten.
  // Room for the targets that a pointer can reach. Its contents between messages do not matter.
  using CompressionTable = std::array<uint16_t, 1024>;

  // Starts behind the header, whose fields PatchU16 writes when they are known. REQUIRES: the header has room.
  WireWriter(absl::Span<uint8_t> buffer, CompressionTable& table)
      : buffer_(buffer), limit_(buffer.size()), table_(table) {}

  size_t position() const { return position_; }
  bool overflowed() const { return overflowed_; }
  // How many octets still fit.
  size_t room() const { return limit_ - position_; }
  // Octets from `limit` on count as not fitting. REQUIRES: position() <= limit <= the buffer's size.
  void set_limit(size_t limit) { limit_ = limit; }

  void PutU8(uint8_t value) {
    if (uint8_t* to = Grow(1)) to[0] = value;
  }
  void PutU16(uint16_t value) {
    if (uint8_t* to = Grow(2)) StoreU16(to, value);
  }
  void PutU32(uint32_t value) {
    if (uint8_t* to = Grow(4)) {
      StoreU16(to, static_cast<uint16_t>(value >> 16));
      StoreU16(to + 2, static_cast<uint16_t>(value));
    }
  }
  void PutOctets(std::string_view octets);
  void PutOctets(absl::Span<const uint8_t> octets) {
    PutOctets({reinterpret_cast<const char*>(octets.data()), octets.size()});
  }

  // Writes the question's name as the client spelled it; names written later point into it.
  void PutQuestionName(const QueryName& name);
  // The three ways to write another name. Each returns where the name can be pointed to. Pieces of more than 255 octets
  // make no name, and never fit.
  // REQUIRES: one whole name that ends with the root.
  size_t PutName(const NamePieces& name) { return Put(name, Form::kCompressed, Use::kForgotten); }
  // A name in rdata that owners of later records are likely to equal.
  size_t PutTarget(const NamePieces& name) { return Put(name, Form::kCompressed, Use::kRemembered); }
  // The same, where compression is not allowed (RFC 3597 section 4).
  size_t PutTargetInFull(const NamePieces& name) { return Put(name, Form::kFull, Use::kRemembered); }
  // REQUIRES: a name stands at `target`, which is at most kMaxPointerTarget.
  void PutPointer(size_t target) { PutU16(static_cast<uint16_t>(0xC000 | target)); }

  // What stands between the owner of a record and its rdata; returns where the rdata's length goes.
  size_t PutRecordHead(RecordType type, RecordClass record_class, uint32_t ttl) {
    uint8_t* const to = Grow(10);
    if (to == nullptr) return position_;
    StoreU16(to, static_cast<uint16_t>(type));
    StoreU16(to + 2, static_cast<uint16_t>(record_class));
    StoreU16(to + 4, static_cast<uint16_t>(ttl >> 16));
    StoreU16(to + 6, static_cast<uint16_t>(ttl));
    return position_ - 2;
  }

  // Overwrites two octets. REQUIRES: at + 2 <= position().
  void PatchU16(size_t at, uint16_t value) { StoreU16(buffer_.data() + at, value); }
  // Takes back what was written since position() was `mark`. No name but the question's is pointed to any more.
  void RollBack(size_t mark);

 private:
  enum class Form { kCompressed, kFull };
  enum class Use { kForgotten, kRemembered };

  static void StoreU16(uint8_t* to, uint16_t value) {
    to[0] = static_cast<uint8_t>(value >> 8);
    to[1] = static_cast<uint8_t>(value);
  }
  // Room for `count` more octets, or nullptr.
  uint8_t* Grow(size_t count) {
    if (overflowed_ || count > limit_ - position_) {
      overflowed_ = true;
      return nullptr;
    }
    uint8_t* const to = buffer_.data() + position_;
    position_ += count;
    return to;
  }

  // A name cut in two: `fresh` labels that the message does not hold, and a rest that it holds at `pointer`.
  struct Split {
    size_t fresh = 0;
    size_t fresh_octets = 0;
    size_t pointer = 0;                          // 0: the rest is the root alone, which is shorter than a pointer
    size_t question_label = 0;                   // the rest that the question holds begins with it
    uint32_t hash = 0;                           // of the rest
    std::array<const char*, kMaxLabels> labels;  // the fresh ones, in wire form
  };
  // A target that is not in the table yet.
  struct Target {
    size_t place = 0;  // 0: there is none
    size_t fresh_octets = 0;
    uint32_t hash = 0;  // of the rest
  };
  using Hashes = std::array<uint32_t, kMaxLabels>;

  size_t Put(const NamePieces& name, Form form, Use use);
  // Where `name` stands if it is the question's, or the end of it, in its very octets; else 0.
  size_t PlaceInQuestion(std::string_view name) const;
  Split SplitAtQuestion(const NamePieces& name) const;
  void SplitAtTarget(Split& split);
  // Of the suffixes that begin with each of the fresh labels.
  static void HashSuffixes(const Split& split, Hashes& hashes);
  uint16_t& SlotOf(uint32_t hash) { return table_[(hash ^ hash >> 16) % table_.size()]; }
  // True if the name at `place`, which this wrote, is that of the split from `first` on.
  bool StandsAt(size_t place, const Split& split, size_t first) const;
  // Passes over the label at `place`, to where a pointer leads if there is one; false if it is not `label`.
  bool PassLabel(size_t& place, std::string_view label) const;
  void Remember(const Target& target);

  absl::Span<uint8_t> buffer_;
  size_t limit_;
  size_t position_ = kHeaderLength;
  bool overflowed_ = false;
  const QueryName* question_ = nullptr;
  size_t question_offset_ = 0;
  CompressionTable& table_;
  bool table_in_use_ = false;
  Target last_target_;
};

}  // namespace podnamed::dns
