#include "controller/identity/compact.h"

#include <algorithm>
#include <array>
#include <optional>

#include "server/base/ip_address.h"

namespace podnamed::controller::compact {
namespace {

enum Form : char { kText, kBinary, kBinary6 };

constexpr size_t kUidText = 36;
constexpr size_t kUidOctets = 16;
constexpr char kDigits[] = "0123456789abcdef";

bool IsDash(size_t position) { return position == 8 || position == 13 || position == 18 || position == 23; }

std::optional<uint8_t> Digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

// std::nullopt where the text is not what Kubernetes makes.
std::optional<std::array<char, kUidOctets>> BinaryUid(std::string_view uid) {
  if (uid.size() != kUidText) return std::nullopt;
  std::array<char, kUidOctets> octets;
  size_t digits = 0;
  uint8_t high = 0;
  for (size_t i = 0; i < kUidText; ++i) {
    if (IsDash(i)) {
      if (uid[i] != '-') return std::nullopt;
      continue;
    }
    const std::optional<uint8_t> digit = Digit(uid[i]);
    if (!digit) return std::nullopt;
    if (digits % 2 == 0) {
      high = *digit;
    } else {
      octets[digits / 2] = static_cast<char>(high << 4 | *digit);
    }
    ++digits;
  }
  return octets;
}

std::string UidText(std::string_view octets) {
  std::string text;
  text.reserve(kUidText);
  for (const char octet : octets) {
    if (IsDash(text.size())) text += '-';
    text += kDigits[static_cast<uint8_t>(octet) >> 4];
    text += kDigits[static_cast<uint8_t>(octet) & 0xf];
  }
  return text;
}

}  // namespace

void PutNumber(uint64_t number, std::string* out) {
  for (; number > 0x7f; number >>= 7) *out += static_cast<char>(number | 0x80);
  *out += static_cast<char>(number);
}

void PutText(std::string_view text, std::string* out) {
  PutNumber(text.size(), out);
  out->append(text);
}

void PutTextLike(std::string_view model, std::string_view text, std::string* out) {
  const auto alike = static_cast<size_t>(std::ranges::mismatch(model, text).in2 - text.begin());
  PutNumber(alike, out);
  PutText(text.substr(alike), out);
}

void PutUid(std::string_view uid, std::string* out) {
  if (const auto octets = BinaryUid(uid)) {
    *out += kBinary;
    out->append(octets->data(), octets->size());
  } else {
    *out += kText;
    PutText(uid, out);
  }
}

void PutAddress(std::string_view text, std::string* out) {
  const std::optional<base::IpAddress> address = base::ParseIpAddress(text);
  if (!address || address->ToString() != text) {
    *out += kText;
    PutText(text, out);
  } else if (address->is_v4()) {
    *out += kBinary;
    const base::Ipv4Address v4 = address->v4();
    out->append(v4.begin(), v4.end());
  } else {
    *out += kBinary6;
    out->append(address->v6().begin(), address->v6().end());
  }
}

std::string_view Reader::Take(size_t size) {
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(taken.size());
  return taken;
}

uint64_t Reader::Number() {
  uint64_t number = 0;
  for (int shift = 0;; shift += 7) {
    const auto octet = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    number |= static_cast<uint64_t>(octet & 0x7f) << shift;
    if (octet < 0x80) return number;
  }
}

std::string_view Reader::Text() { return Take(Number()); }

std::string Reader::TextLike(std::string_view model) {
  std::string text(model.substr(0, Number()));
  text += Text();
  return text;
}

std::string Reader::Uid() {
  if (Take(1).front() == kText) return std::string(Text());
  return UidText(Take(kUidOctets));
}

std::string Reader::Address() {
  const char form = Take(1).front();
  if (form == kText) return std::string(Text());
  if (form == kBinary) {
    base::Ipv4Address v4;
    std::ranges::copy(Take(v4.size()), v4.begin());
    return base::IpAddress(v4).ToString();
  }
  base::Ipv6Address v6;
  std::ranges::copy(Take(v6.size()), v6.begin());
  return base::IpAddress(v6).ToString();
}

}  // namespace podnamed::controller::compact
