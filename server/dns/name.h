// A domain name in wire form: labels, each a length octet and its octets, then the root's zero octet (RFC 1035 section
// 3.1). Three shapes, one question each:
//   Name        owns its octets: zones, configuration, tests. Not on the query path.
//   QueryName   the question of a received packet: the client's letters and a folded copy, with its labels indexed.
//   NamePieces  a name to be written, put together from pieces that others own, so that nothing is copied before the
//               reply's own buffer.
// Comparison ignores the case of ASCII letters only (RFC 4343). Values; any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "server/dns/types.h"

namespace podnamed::dns {

// The octet in lower case if it is an ASCII letter.
constexpr uint8_t FoldCase(uint8_t octet) {
  return (octet >= 'A' && octet <= 'Z') ? static_cast<uint8_t>(octet | 0x20) : octet;
}

// True if both are the same octets but for the case of letters. Whole names in wire form may be compared so: no length
// octet is a letter.
bool EqualIgnoringCase(std::string_view a, std::string_view b);

// label == text, in line: the compiler knows the literal's length.
template <size_t kSize>
bool IsLabel(std::string_view label, const char (&text)[kSize]) {
  return label.size() == kSize - 1 && std::equal(label.begin(), label.end(), text);
}

// Room for any name in wire form, for those who read one without allocating.
using NameStorage = std::array<char, kMaxNameLength>;

class Name {
 public:
  Name() : wire_(1, '\0') {}  // the root

  // Reads presentation form: "web-0.nginx", "cluster.local.", "."; \DDD and \X escapes (RFC 1035 section 5.1). A
  // missing final dot is added: every name is absolute. The error says what is wrong with which label.
  static absl::StatusOr<Name> FromText(std::string_view text);
  // REQUIRES: `wire` is one valid uncompressed name, the root's octet included.
  static Name FromWire(std::string_view wire);

  // With the root's octet.
  std::string_view wire() const { return wire_; }
  // Presentation form with the final dot; octets outside of printable ASCII as \DDD.
  std::string ToText() const;
  size_t label_count() const;
  // The same name in lower case.
  Name Folded() const;
  // True if this is `zone` or below it. REQUIRES: both folded.
  bool IsAtOrBelow(const Name& zone) const;

  friend bool operator==(const Name&, const Name&) = default;  // octet by octet: fold first
  friend auto operator<=>(const Name&, const Name&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Name& name) {
    return H::combine(std::move(h), name.wire_);
  }

 private:
  std::string wire_;
};

// Presentation form of a name in uncompressed wire form (a missing root octet is fine). REQUIRES: valid.
std::string NameToText(std::string_view wire);
// The same behind what `text` holds, which allocates nothing once it is large enough.
void AppendNameText(std::string_view wire, std::string& text);

// The name that a query asks for. Points into the packet and holds a folded copy; filled by ParseQuery in one pass.
class QueryName {
 public:
  // Octets as the client sent them, with the root's octet; lives as long as the packet.
  std::string_view original() const { return original_; }
  // The same in lower case.
  std::string_view folded() const { return {folded_.data(), original_.size()}; }
  size_t label_count() const { return label_count_; }
  // Label i from the left, folded, without its length octet. REQUIRES: i < label_count().
  std::string_view label(size_t i) const {
    const size_t start = label_starts_[i];
    return {folded_.data() + start + 1, static_cast<uint8_t>(folded_[start])};
  }
  // The labels from i on, as the client sent them: a name.
  std::string_view from_label(size_t i) const {
    const size_t start = label_starts_[i];
    return {original_.data() + start, original_.size() - start};
  }
  // Where label i starts in the name (i == label_count(): the root's octet).
  size_t label_start(size_t i) const { return label_starts_[i]; }
  // How many labels stand in front of `zone` (wire form); std::nullopt if the name is not at or below it.
  std::optional<size_t> LabelsAbove(std::string_view zone) const;
  // The label with which `name` begins, if that is this name's very end: the same octets in the same place.
  std::optional<size_t> LabelAtStartOf(std::string_view name) const {
    const bool is_end = name.data() + name.size() == original_.data() + original_.size();
    if (!is_end || name.size() > original_.size()) return std::nullopt;
    const size_t start = original_.size() - name.size();
    size_t i = label_count_;
    while (label_starts_[i] > start) --i;
    return i;
  }

  // Takes the name that `octets` begin with and returns its length, or 0 (and an unspecified value) if it is cut off,
  // compressed, or longer than a name may be. `octets` must outlive this.
  size_t Read(std::string_view octets);

 private:
  std::string_view original_;
  size_t label_count_ = 0;
  std::array<char, kMaxNameLength> folded_;
  std::array<uint8_t, kMaxLabels + 1> label_starts_;
};

// A name to be written: up to four runs of whole labels in wire form; the last one ends with the root's octet.
// Typical: "\5web-0" of the pod, "\5nginx\7default" of the service, "\3svc\7cluster\5local\0" of the zone.
// The pieces must outlive the reply's encoding.
class NamePieces {
 public:
  NamePieces() = default;
  explicit NamePieces(std::string_view whole) : pieces_{whole} {}
  NamePieces(std::string_view first, std::string_view rest) : pieces_{first, rest} {}
  NamePieces(std::string_view first, std::string_view second, std::string_view rest) : pieces_{first, second, rest} {}
  NamePieces(std::string_view first, std::string_view second, std::string_view third, std::string_view rest)
      : pieces_{first, second, third, rest} {}

  const std::array<std::string_view, 4>& pieces() const { return pieces_; }
  // Which of them ends with the root's octet.
  size_t last() const {
    size_t i = pieces_.size() - 1;
    while (i > 0 && pieces_[i].empty()) --i;
    return i;
  }
  size_t size() const { return pieces_[0].size() + pieces_[1].size() + pieces_[2].size() + pieces_[3].size(); }
  // One owned name, for tests and messages.
  Name ToName() const;

 private:
  std::array<std::string_view, 4> pieces_;
};

}  // namespace podnamed::dns
