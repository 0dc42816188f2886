// What stands where in a whole reply (RFC 1035 section 4)? MessageView::Read walks untrusted octets once, from the
// header through the question and every record to the last, and notes what a forwarder and a cache want to know; after
// that, records are visited without a check and nothing is copied. Owners are followed through their pointers and must
// be names; rdata is a range, whose inside reply_records.h reads.
//
// Allocates nothing. A view points into the message, which must outlive it and stay as it is, but for ids, flags,
// letters and TTLs. Values; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "absl/types/span.h"
#include "server/dns/edns.h"
#include "server/dns/name.h"
#include "server/dns/types.h"

namespace podnamed::dns {

enum class Section : uint8_t { kAnswer, kAuthority, kAdditional };
inline constexpr size_t kSectionCount = 3;

// Where a record stands; all places are octets from the message's start.
struct RecordView {
  Section section{};
  RecordType type{};
  RecordClass record_class{};
  uint32_t ttl = 0;  // seconds; one with the top bit set counts as 0 (RFC 2181 section 8). Means nothing for OPT
  size_t start = 0;  // of the owner's name, perhaps a pointer
  size_t ttl_at = 0;
  size_t rdata_at = 0;
  size_t rdata_length = 0;

  size_t end() const { return rdata_at + rdata_length; }
};

class MessageView {
 public:
  class RecordIterator;
  class RecordRange;

  // std::nullopt for what is no reply: shorter than a header, QR not set, more than one question or a compressed one, a
  // record that is cut or whose owner is no name, an OPT record that is malformed, not the root's, not in the
  // additional section or not the only one (RFC 6891 section 6.1.1). Octets behind the last record are passed over and
  // are not part of octets().
  static std::optional<MessageView> Read(absl::Span<const uint8_t> message);

  absl::Span<const uint8_t> octets() const { return octets_; }

  uint16_t id() const { return U16At(0); }
  uint16_t flags() const { return U16At(2); }
  Opcode opcode() const { return Opcode{static_cast<uint8_t>(flags() >> kOpcodeShift & kOpcodeMask)}; }
  bool truncated() const { return (flags() & kTruncatedFlag) != 0; }
  // With the upper bits of the OPT record, if there is one.
  Rcode rcode() const { return rcode_; }

  // Errors may come without a question. REQUIRES of the three below: has_question().
  bool has_question() const { return question_name_length_ != 0; }
  // In wire form, with the letters of the message.
  std::string_view question_name() const { return Text().substr(kHeaderLength, question_name_length_); }
  RecordType question_type() const { return RecordType{U16At(kHeaderLength + question_name_length_)}; }
  RecordClass question_class() const { return RecordClass{U16At(kHeaderLength + question_name_length_ + 2)}; }

  // As the header says and the message holds, OPT included.
  size_t count(Section section) const { return U16At(6 + 2 * static_cast<size_t>(section)); }
  // Where the section's first record stands, or would stand.
  size_t section_start(Section section) const { return section_starts_[static_cast<size_t>(section)]; }
  // All records in their order, the OPT record among them.
  RecordRange records() const;
  RecordRange records(Section section) const;

  // Of all records but OPT; std::nullopt if there are none.
  std::optional<uint32_t> lowest_ttl() const { return lowest_ttl_; }
  // All records but OPT: how many TTLs there are to write.
  size_t ttl_count() const { return ttl_count_; }
  bool has_soa_in_authority() const { return has_soa_in_authority_; }

  // Where the OPT record stands and what it says. Whoever cuts it out must know that records behind it, which hardly
  // any server sends, may point at each other.
  const std::optional<RecordView>& opt() const { return opt_; }
  const Edns& edns() const { return edns_; }  // REQUIRES: opt()

  // The name that stands at `place`, a record's start or in its rdata, uncompressed in `storage`; empty if it is none,
  // which cannot be for a record's start.
  std::string_view NameAt(size_t place, NameStorage& storage) const;

 private:
  MessageView() = default;
  std::string_view Text() const { return {reinterpret_cast<const char*>(octets_.data()), octets_.size()}; }
  uint16_t U16At(size_t at) const { return static_cast<uint16_t>(octets_[at] << 8 | octets_[at + 1]); }

  absl::Span<const uint8_t> octets_;
  size_t question_name_length_ = 0;
  std::array<size_t, kSectionCount> section_starts_{};
  Rcode rcode_{};
  std::optional<uint32_t> lowest_ttl_;
  size_t ttl_count_ = 0;
  bool has_soa_in_authority_ = false;
  std::optional<RecordView> opt_;
  Edns edns_;
};

class MessageView::RecordIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = RecordView;
  using difference_type = std::ptrdiff_t;
  using pointer = const RecordView*;
  using reference = const RecordView&;

  const RecordView& operator*() const { return record_; }
  const RecordView* operator->() const { return &record_; }
  RecordIterator& operator++() {
    --left_in_[static_cast<size_t>(record_.section)];
    Load(record_.end());
    return *this;
  }
  friend bool operator==(const RecordIterator& a, const RecordIterator& b) { return a.left_in_ == b.left_in_; }

 private:
  friend class RecordRange;
  RecordIterator(absl::Span<const uint8_t> octets, std::array<size_t, kSectionCount> left_in, size_t start)
      : octets_(octets), left_in_(left_in) {
    Load(start);
  }
  // Reads the record at `start`, unless none is left.
  void Load(size_t start);

  absl::Span<const uint8_t> octets_;
  std::array<size_t, kSectionCount> left_in_;  // this record included
  RecordView record_;
};

class MessageView::RecordRange {
 public:
  RecordIterator begin() const { return {octets_, counts_, start_}; }
  RecordIterator end() const { return {octets_, {}, start_}; }

 private:
  friend class MessageView;
  RecordRange(absl::Span<const uint8_t> octets, std::array<size_t, kSectionCount> counts, size_t start)
      : octets_(octets), counts_(counts), start_(start) {}

  absl::Span<const uint8_t> octets_;
  std::array<size_t, kSectionCount> counts_;
  size_t start_;
};

// Writes `ttl` (seconds) into every record of `message` but OPT. REQUIRES: `view` is of these octets.
void SetEveryTtl(const MessageView& view, uint32_t ttl, absl::Span<uint8_t> message);

}  // namespace podnamed::dns
