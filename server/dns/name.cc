#include "server/dns/name.h"

#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace podnamed::dns {
namespace {

size_t LengthAt(std::string_view wire, size_t position) { return static_cast<uint8_t>(wire[position]); }

// FoldCase of eight octets at once: every query's name is folded.
uint64_t FoldCase8(uint64_t octets) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  const uint64_t low_bits = octets & kOnes * 0x7F;
  const uint64_t at_least_a = low_bits + kOnes * (0x80 - 'A');  // carries into the top bit of its octet
  const uint64_t beyond_z = low_bits + kOnes * (0x7F - 'Z');
  const uint64_t letters = (at_least_a ^ beyond_z) & ~octets & kOnes * 0x80;
  return octets | letters >> 2;
}

// Writes the folded octets to `to`, which has room for them and is `octets` or elsewhere.
void Fold(std::string_view octets, char* to) {
  const auto fold_at = [&](size_t i) {
    uint64_t eight;
    std::memcpy(&eight, octets.data() + i, sizeof(eight));
    eight = FoldCase8(eight);
    std::memcpy(to + i, &eight, sizeof(eight));
  };
  if (octets.size() < 8) {
    for (size_t i = 0; i < octets.size(); ++i) to[i] = static_cast<char>(FoldCase(static_cast<uint8_t>(octets[i])));
    return;
  }
  for (size_t i = 0; i + 8 < octets.size(); i += 8) fold_at(i);
  fold_at(octets.size() - 8);  // some of them once more
}

// Reads what follows a backslash, `text` starting behind it, and takes it off; std::nullopt if that is no escape.
std::optional<char> TakeEscape(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  if (!absl::ascii_isdigit(static_cast<uint8_t>(text[0]))) {
    const char octet = text[0];
    text.remove_prefix(1);
    return octet;
  }
  int octet = 0;
  const std::string_view digits = text.substr(0, 3);
  for (const char digit : digits) {
    if (!absl::ascii_isdigit(static_cast<uint8_t>(digit))) return std::nullopt;
    octet = octet * 10 + (digit - '0');
  }
  if (digits.size() < 3 || octet > 255) return std::nullopt;
  text.remove_prefix(3);
  return static_cast<char>(octet);
}

}  // namespace

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  if (std::memcmp(a.data(), b.data(), a.size()) == 0) return true;  // the common case: both folded
  for (size_t i = 0; i < a.size(); ++i) {
    if (FoldCase(static_cast<uint8_t>(a[i])) != FoldCase(static_cast<uint8_t>(b[i]))) return false;
  }
  return true;
}

absl::StatusOr<Name> Name::FromText(std::string_view text) {
  const auto error = [text](auto&&... what) {
    return absl::InvalidArgumentError(absl::StrCat("name \"", absl::CHexEscape(std::string(text)), "\": ", what...));
  };
  if (text.empty()) return error("is empty (the root is \".\")");
  Name name;
  if (text == ".") return name;

  std::string wire;
  std::string_view rest = text;
  for (size_t number = 1; !rest.empty(); ++number) {
    const size_t start = wire.size();
    wire.push_back('\0');  // the label's length, known at its end
    while (!rest.empty() && rest[0] != '.') {
      std::optional<char> octet = rest[0];
      rest.remove_prefix(1);
      if (octet == '\\') octet = TakeEscape(rest);
      if (!octet) return error("label ", number, " has a bad escape: expected \\DDD up to 255, or \\ and a character");
      wire.push_back(*octet);
    }
    const size_t length = wire.size() - start - 1;
    if (length == 0) return error("label ", number, " is empty");
    if (length > kMaxLabelLength) {
      return error("label ", number, " has ", length, " octets, at most ", kMaxLabelLength, " are allowed");
    }
    wire[start] = static_cast<char>(length);
    if (!rest.empty()) rest.remove_prefix(1);  // the dot
  }
  wire.push_back('\0');
  if (wire.size() > kMaxNameLength) {
    return error("has ", wire.size(), " octets in wire form, at most ", kMaxNameLength, " are allowed");
  }
  name.wire_ = std::move(wire);
  return name;
}

Name Name::FromWire(std::string_view wire) {
  Name name;
  name.wire_ = std::string(wire);
  return name;
}

std::string Name::ToText() const { return NameToText(wire_); }

size_t Name::label_count() const {
  size_t labels = 0;
  for (size_t at = 0; wire_[at] != '\0'; at += LengthAt(wire_, at) + 1) ++labels;
  return labels;
}

Name Name::Folded() const {
  Name folded = *this;
  Fold(wire_, folded.wire_.data());
  return folded;
}

bool Name::IsAtOrBelow(const Name& zone) const {
  if (zone.wire_.size() > wire_.size()) return false;
  const size_t boundary = wire_.size() - zone.wire_.size();
  size_t at = 0;
  while (at < boundary) at += LengthAt(wire_, at) + 1;
  return at == boundary && std::string_view(wire_).substr(at) == zone.wire_;
}

std::string NameToText(std::string_view wire) {
  std::string text;
  AppendNameText(wire, text);
  return text;
}

void AppendNameText(std::string_view wire, std::string& text) {
  // Besides the dot and the backslash, what a zone file would read as something else.
  constexpr std::string_view kEscaped = ".\\\"();@$";
  const size_t start = text.size();
  for (size_t at = 0; at < wire.size() && wire[at] != '\0'; at += LengthAt(wire, at) + 1) {
    for (const char octet : wire.substr(at + 1, LengthAt(wire, at))) {
      if (!absl::ascii_isgraph(static_cast<uint8_t>(octet))) {
        absl::StrAppendFormat(&text, "\\%03d", static_cast<uint8_t>(octet));
        continue;
      }
      if (kEscaped.find(octet) != std::string_view::npos) text.push_back('\\');
      text.push_back(octet);
    }
    text.push_back('.');
  }
  if (text.size() == start) text.push_back('.');
}

std::optional<size_t> QueryName::LabelsAbove(std::string_view zone) const {
  if (zone.size() > original_.size()) return std::nullopt;
  const size_t start = original_.size() - zone.size();
  // A label of arbitrary octets can look like the zone on the inside, so the octets alone do not tell.
  size_t above = label_count_;
  while (label_starts_[above] > start) --above;
  const bool is_zone = label_starts_[above] == start && EqualIgnoringCase({folded_.data() + start, zone.size()}, zone);
  return is_zone ? std::optional(above) : std::nullopt;
}

size_t QueryName::Read(std::string_view octets) {
  label_count_ = 0;
  size_t at = 0;
  while (true) {
    if (at >= octets.size() || at >= kMaxNameLength) return 0;
    label_starts_[label_count_] = static_cast<uint8_t>(at);
    const size_t length = LengthAt(octets, at);
    if (length == 0) break;
    if (length > kMaxLabelLength) return 0;  // a pointer, or one of the abandoned types of RFC 6891 section 5
    ++label_count_;
    at += length + 1;
  }
  original_ = octets.substr(0, at + 1);
  Fold(original_, folded_.data());
  return original_.size();
}

Name NamePieces::ToName() const {
  std::string wire;
  for (const std::string_view piece : pieces_) wire += piece;
  return Name::FromWire(wire);
}

}  // namespace podnamed::dns
