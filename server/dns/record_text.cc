#include "server/dns/record_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/base/ip_address.h"
#include "server/base/status.h"

namespace podnamed::dns {
namespace {

constexpr size_t kMaxStringLength = 255;  // RFC 1035 section 3.3

// What a piece of rdata looks like.
enum class Field : uint8_t {
  kIpv4,
  kIpv6,
  kName,
  kU8,
  kU16,
  kU32,
  kTtl,         // seconds, perhaps with units
  kType,        // "NSEC"
  kTime,        // "20301231235959", or seconds (RFC 4034 section 3.2)
  kString,      // one character-string
  kStrings,     // one or more, to the end
  kOctets,      // of one word, without a length
  kHex,         // to the end
  kBase64,      // to the end
  kTypes,       // a bitmap, to the end (RFC 4034 section 4.1.2)
  kParameters,  // of a service, to the end (RFC 9460 section 2.2)
};

struct Grammar {
  uint16_t type;
  std::vector<Field> fields;
};

const std::vector<Grammar>& Grammars() {
  using enum Field;
  static const auto* const grammars = new std::vector<Grammar>{
      {1, {kIpv4}},                                                       // A
      {2, {kName}},                                                       // NS
      {5, {kName}},                                                       // CNAME
      {6, {kName, kName, kU32, kTtl, kTtl, kTtl, kTtl}},                  // SOA
      {12, {kName}},                                                      // PTR
      {13, {kString, kString}},                                           // HINFO
      {15, {kU16, kName}},                                                // MX
      {16, {kStrings}},                                                   // TXT
      {17, {kName, kName}},                                               // RP (RFC 1183)
      {18, {kU16, kName}},                                                // AFSDB (RFC 1183)
      {28, {kIpv6}},                                                      // AAAA (RFC 3596)
      {33, {kU16, kU16, kU16, kName}},                                    // SRV (RFC 2782)
      {35, {kU16, kU16, kString, kString, kString, kName}},               // NAPTR (RFC 3403)
      {39, {kName}},                                                      // DNAME (RFC 6672)
      {43, {kU16, kU8, kU8, kHex}},                                       // DS (RFC 4034)
      {44, {kU8, kU8, kHex}},                                             // SSHFP (RFC 4255)
      {46, {kType, kU8, kU8, kU32, kTime, kTime, kU16, kName, kBase64}},  // RRSIG (RFC 4034)
      {47, {kName, kTypes}},                                              // NSEC (RFC 4034)
      {48, {kU16, kU8, kU8, kBase64}},                                    // DNSKEY (RFC 4034)
      {52, {kU8, kU8, kU8, kHex}},                                        // TLSA (RFC 6698)
      {64, {kU16, kName, kParameters}},                                   // SVCB (RFC 9460)
      {65, {kU16, kName, kParameters}},                                   // HTTPS (RFC 9460)
      {256, {kU16, kU16, kOctets}},                                       // URI (RFC 7553)
      {257, {kU8, kString, kOctets}},                                     // CAA (RFC 8659)
  };
  return *grammars;
}

const Grammar* FindGrammar(RecordType type) {
  const auto found = std::ranges::find(Grammars(), static_cast<uint16_t>(type), &Grammar::type);
  return found == Grammars().end() ? nullptr : &*found;
}

struct Word {
  std::string text;  // without quotes; escapes are as they stand there
  size_t column = 1;
  bool is_quoted = false;
};

absl::Status Wrong(size_t column, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(what, ", at column ", column));
}

std::string Shown(const Word& word) {
  constexpr size_t kMost = 40;
  const std::string text = absl::CHexEscape(word.text.substr(0, kMost));
  return absl::StrCat("\"", text, word.text.size() > kMost ? "…\"" : "\"");
}

// The words of a record. White space, parentheses and comments are between them.
absl::StatusOr<std::vector<Word>> Split(std::string_view text) {
  std::vector<Word> words;
  size_t open = 0;  // where the parenthesis stands
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '(' || c == ')') {
      if ((c == '(') == (open > 0)) return Wrong(at + 1, "a parenthesis without its other half");
      open = c == '(' ? at + 1 : 0;
      ++at;
    } else if (c == ';') {
      at = std::min(text.find('\n', at), text.size());
    } else if (absl::ascii_isspace(static_cast<uint8_t>(c))) {
      if (c == '\n' && open == 0 && text.find_first_not_of(" \t\r\n", at) != std::string_view::npos) {
        return Wrong(at + 1, "a second line; expected parentheses around what belongs together");
      }
      ++at;
    } else {
      Word& word = words.emplace_back();
      word.column = at + 1;
      word.is_quoted = c == '"';
      bool in_quotes = false;
      for (; at < text.size(); ++at) {
        const char octet = text[at];
        if (octet == '"') {
          in_quotes = !in_quotes;
          continue;
        }
        if (!in_quotes &&
            (absl::ascii_isspace(static_cast<uint8_t>(octet)) || octet == ';' || octet == '(' || octet == ')'))
          break;
        word.text += octet;
        if (octet == '\\' && at + 1 < text.size()) word.text += text[++at];
      }
      if (in_quotes) return Wrong(word.column, "a quote that is never closed");
    }
  }
  if (open > 0) return Wrong(open, "a parenthesis without its other half");
  return words;
}

// The octets of a word, its escapes undone; std::nullopt where one is none.
std::optional<std::string> Unescape(std::string_view text) {
  std::string octets;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      octets += text[at];
      continue;
    }
    if (++at == text.size()) return std::nullopt;
    if (!absl::ascii_isdigit(static_cast<uint8_t>(text[at]))) {
      octets += text[at];
      continue;
    }
    int octet = 0;
    if (at + 3 > text.size()) return std::nullopt;
    for (const char digit : text.substr(at, 3)) {
      if (!absl::ascii_isdigit(static_cast<uint8_t>(digit))) return std::nullopt;
      octet = octet * 10 + (digit - '0');
    }
    if (octet > 255) return std::nullopt;
    octets += static_cast<char>(octet);
    at += 2;
  }
  return octets;
}

template <typename Number>
std::optional<Number> ParseWhole(std::string_view text) {
  Number number;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

template <typename Number>
void Put(Number number, std::string& octets) {
  for (size_t shift = sizeof(Number) * 8; shift > 0; shift -= 8) {
    octets += static_cast<char>(static_cast<uint64_t>(number) >> (shift - 8));
  }
}

// A name may be relative to the origin: it has no dot at its end that is not escaped.
bool IsRelative(std::string_view text) {
  if (!text.ends_with('.')) return true;
  const size_t letters = text.find_last_not_of('\\', text.size() - 2);
  const size_t backslashes = text.size() - 1 - (letters == std::string_view::npos || text.size() < 2 ? 0 : letters + 1);
  return text.size() >= 2 && backslashes % 2 == 1;
}

absl::StatusOr<Name> ParseName(const Word& word, std::string_view origin) {
  if (word.text == "@" && !word.is_quoted) return Name::FromWire(origin);
  const absl::StatusOr<Name> name = Name::FromText(word.text);
  if (!name.ok()) return Wrong(word.column, std::string(name.status().message()));
  if (!IsRelative(word.text)) return name;
  std::string wire(name->wire().substr(0, name->wire().size() - 1));
  wire += origin;
  if (wire.size() > kMaxNameLength) {
    return Wrong(word.column, absl::StrCat("name ", Shown(word), " and its origin have more than 255 octets"));
  }
  return Name::FromWire(wire);
}

std::optional<uint32_t> ParseTime(std::string_view text) {
  constexpr size_t kDigits = 14;
  if (text.size() != kDigits) return ParseWhole<uint32_t>(text);
  const auto part = [&](size_t at, size_t size) { return ParseWhole<int>(text.substr(at, size)).value_or(-1); };
  const absl::CivilSecond time(part(0, 4), part(4, 2), part(6, 2), part(8, 2), part(10, 2), part(12, 2));
  const absl::Time moment = absl::FromCivil(time, absl::UTCTimeZone());
  if (absl::FormatTime("%Y%m%d%H%M%S", moment, absl::UTCTimeZone()) != text) return std::nullopt;
  return static_cast<uint32_t>(absl::ToUnixSeconds(moment));
}

// Reads the words of one record's rdata, in front of which others have been read.
class RdataReader {
 public:
  RdataReader(const std::vector<Word>& words, size_t next, size_t end_column, std::string_view origin)
      : words_(words), next_(next), end_column_(end_column), origin_(origin) {}

  absl::StatusOr<std::string> Read(RecordType type) {
    if (HasWord() && words_[next_].text == "\\#") {
      ++next_;
      RETURN_IF_ERROR(ReadGeneric());
    } else {
      const Grammar* grammar = FindGrammar(type);
      if (grammar == nullptr) {
        return Wrong(column(), absl::StrCat("rdata of type ", NameOf(type),
                                            " is read as RFC 3597 writes it alone, \"\\# LENGTH HEX\""));
      }
      for (const Field field : grammar->fields) RETURN_IF_ERROR(ReadField(field));
    }
    if (HasWord()) return Wrong(column(), absl::StrCat(Shown(words_[next_]), " stands behind the record"));
    if (rdata_.size() > std::numeric_limits<uint16_t>::max()) return Wrong(column(), "rdata of more than 65535 octets");
    return std::move(rdata_);
  }

 private:
  absl::Status ReadField(Field field) {
    switch (field) {
      case Field::kStrings:
        return ReadStrings();
      case Field::kHex:
        return ReadHex();
      case Field::kBase64:
        return ReadBase64();
      case Field::kTypes:
        return ReadTypes();
      case Field::kParameters:
        return ReadParameters();
      default:
        break;
    }
    if (!HasWord()) return Wrong(column(), "the record ends too early");
    const Word& word = words_[next_++];
    switch (field) {
      case Field::kIpv4:
      case Field::kIpv6:
        return PutAddress(word, field == Field::kIpv4);
      case Field::kName: {
        ASSIGN_OR_RETURN(const Name name, ParseName(word, origin_));
        rdata_ += name.wire();
        return absl::OkStatus();
      }
      case Field::kU8:
        return PutNumber(word, ParseWhole<uint8_t>(word.text), "number up to 255");
      case Field::kU16:
        return PutNumber(word, ParseWhole<uint16_t>(word.text), "number up to 65535");
      case Field::kU32:
        return PutNumber(word, ParseWhole<uint32_t>(word.text), "number up to 4294967295");
      case Field::kTtl:
        return PutNumber(word, ParseTtl(word.text), "number of seconds");
      case Field::kTime:
        return PutNumber(word, ParseTime(word.text), "time such as 20301231235959");
      case Field::kType: {
        const std::optional<RecordType> type = ParseRecordType(word.text);
        return PutNumber(word, type ? std::optional(static_cast<uint16_t>(*type)) : std::nullopt, "record type");
      }
      case Field::kString:
        return PutString(word);
      default:
        return PutOctets(word);
    }
  }

  absl::Status PutAddress(const Word& word, bool is_v4) {
    const std::optional<base::IpAddress> address = base::ParseIpAddress(word.text);
    if (!address || address->is_v4() != is_v4) {
      return Wrong(word.column, absl::StrCat(Shown(word), is_v4 ? " is no IPv4 address" : " is no IPv6 address"));
    }
    const auto put = [this](const auto& octets) { rdata_.append(octets.begin(), octets.end()); };
    if (is_v4) {
      put(address->v4());
    } else {
      put(address->v6());
    }
    return absl::OkStatus();
  }

  template <typename Number>
  absl::Status PutNumber(const Word& word, std::optional<Number> number, const char* what) {
    if (!number) return Wrong(word.column, absl::StrCat(Shown(word), " is no ", what));
    Put(*number, rdata_);
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> OctetsOf(const Word& word) {
    std::optional<std::string> octets = Unescape(word.text);
    if (!octets) {
      return Wrong(word.column,
                   absl::StrCat(Shown(word), " has a bad escape: expected \\DDD up to 255, or \\ and a character"));
    }
    return *std::move(octets);
  }
  absl::Status PutOctets(const Word& word) {
    ASSIGN_OR_RETURN(const std::string octets, OctetsOf(word));
    rdata_ += octets;
    return absl::OkStatus();
  }
  absl::Status PutString(const Word& word) {
    ASSIGN_OR_RETURN(const std::string octets, OctetsOf(word));
    if (octets.size() > kMaxStringLength) return Wrong(word.column, "a string of more than 255 octets");
    rdata_ += static_cast<char>(octets.size());
    rdata_ += octets;
    return absl::OkStatus();
  }

  // A longer one becomes several, as CoreDNS takes it.
  absl::Status ReadStrings() {
    if (!HasWord()) return Wrong(column(), "the record ends too early");
    for (; HasWord(); ++next_) {
      ASSIGN_OR_RETURN(const std::string octets, OctetsOf(words_[next_]));
      std::string_view rest = octets;
      do {
        const std::string_view piece = rest.substr(0, kMaxStringLength);
        rdata_ += static_cast<char>(piece.size());
        rdata_ += piece;
        rest.remove_prefix(piece.size());
      } while (!rest.empty());
    }
    return absl::OkStatus();
  }

  std::string TakeRest() {
    std::string rest;
    for (; HasWord(); ++next_) rest += words_[next_].text;
    return rest;
  }

  absl::Status ReadHex() {
    const size_t start = column();
    const std::string digits = TakeRest();
    const bool is_hex =
        std::ranges::all_of(digits, [](char c) { return absl::ascii_isxdigit(static_cast<uint8_t>(c)); });
    if (!is_hex || digits.size() % 2 != 0) return Wrong(start, "octets in hexadecimal are expected, two digits each");
    rdata_ += absl::HexStringToBytes(digits);
    return absl::OkStatus();
  }

  absl::Status ReadBase64() {
    const size_t start = column();
    std::string octets;
    const std::string text = TakeRest();
    if (text.empty() || !absl::Base64Unescape(text, &octets)) return Wrong(start, "octets in base64 are expected");
    rdata_ += octets;
    return absl::OkStatus();
  }

  // "\# 4 0a000001".
  absl::Status ReadGeneric() {
    if (!HasWord()) return Wrong(column(), "the record ends too early");
    const Word& word = words_[next_++];
    const std::optional<uint16_t> length = ParseWhole<uint16_t>(word.text);
    if (!length) return Wrong(word.column, absl::StrCat(Shown(word), " is no number up to 65535"));
    RETURN_IF_ERROR(ReadHex());
    if (rdata_.size() != *length) {
      return Wrong(word.column, absl::StrCat("rdata of ", rdata_.size(), " octets, not of ", *length));
    }
    return absl::OkStatus();
  }

  absl::Status ReadTypes() {
    std::map<uint8_t, std::array<uint8_t, 32>> windows;
    for (; HasWord(); ++next_) {
      const Word& word = words_[next_];
      const std::optional<RecordType> type = ParseRecordType(word.text);
      if (!type) return Wrong(word.column, absl::StrCat(Shown(word), " is no record type"));
      const auto number = static_cast<uint16_t>(*type);
      const auto [window, added] = windows.try_emplace(static_cast<uint8_t>(number >> 8));
      if (added) window->second.fill(0);
      uint8_t& octet = window->second[(number & 0xFF) / 8];
      octet = static_cast<uint8_t>(octet | 0x80 >> number % 8);
    }
    for (const auto& [window, bits] : windows) {
      size_t size = bits.size();
      while (bits[size - 1] == 0) --size;
      rdata_ += static_cast<char>(window);
      rdata_ += static_cast<char>(size);
      rdata_.append(bits.begin(), bits.begin() + static_cast<ptrdiff_t>(size));
    }
    return absl::OkStatus();
  }

  // RFC 9460 section 2.1: each key once; on the wire in the order of their numbers.
  absl::Status ReadParameters() {
    std::map<uint16_t, std::string> parameters;
    for (; HasWord(); ++next_) {
      const Word& word = words_[next_];
      const size_t equals = word.text.find('=');
      const std::string key = word.text.substr(0, equals);
      const std::optional<uint16_t> number = KeyOf(key);
      const std::string_view value =
          equals == std::string::npos ? std::string_view() : std::string_view(word.text).substr(equals + 1);
      const std::optional<std::string> octets = number ? ValueOf(*number, value) : std::nullopt;
      if (!octets || octets->size() > std::numeric_limits<uint16_t>::max()) {
        return Wrong(word.column, absl::StrCat(Shown(word), " is no parameter of a service"));
      }
      if (!parameters.emplace(*number, *octets).second) {
        return Wrong(word.column, absl::StrCat("parameter ", key, " stands here a second time"));
      }
    }
    for (const auto& [key, value] : parameters) {
      Put(key, rdata_);
      Put(static_cast<uint16_t>(value.size()), rdata_);
      rdata_ += value;
    }
    return absl::OkStatus();
  }

  enum Key : uint16_t { kMandatory, kAlpn, kNoDefaultAlpn, kPort, kIpv4Hint, kEch, kIpv6Hint, kDohPath };

  static std::optional<uint16_t> KeyOf(std::string_view name) {
    constexpr std::string_view kNames[] = {"mandatory", "alpn", "no-default-alpn", "port",
                                           "ipv4hint",  "ech",  "ipv6hint",        "dohpath"};
    const auto* found = std::ranges::find(kNames, name);
    if (found != std::end(kNames)) return static_cast<uint16_t>(found - kNames);
    constexpr std::string_view kNumbered = "key";
    return name.starts_with(kNumbered) ? ParseWhole<uint16_t>(name.substr(kNumbered.size())) : std::nullopt;
  }

  // A list's values, whose commas and backslashes are escaped once more (RFC 9460 appendix A.1).
  static std::vector<std::string> ListOf(std::string_view octets) {
    std::vector<std::string> list(1);
    for (size_t at = 0; at < octets.size(); ++at) {
      if (octets[at] == ',') {
        list.emplace_back();
      } else {
        if (octets[at] == '\\' && at + 1 < octets.size()) ++at;
        list.back() += octets[at];
      }
    }
    return list;
  }

  static std::optional<std::string> ValueOf(uint16_t key, std::string_view text) {
    const std::optional<std::string> octets = Unescape(text);
    if (!octets) return std::nullopt;
    std::string value;
    switch (key) {
      case kNoDefaultAlpn:
        return octets->empty() ? std::optional(value) : std::nullopt;
      case kPort: {
        const std::optional<uint16_t> port = ParseWhole<uint16_t>(*octets);
        if (!port) return std::nullopt;
        Put(*port, value);
        return value;
      }
      case kEch:
        return absl::Base64Unescape(*octets, &value) && !value.empty() ? std::optional(value) : std::nullopt;
      case kMandatory:
      case kAlpn:
      case kIpv4Hint:
      case kIpv6Hint:
        for (const std::string& one : ListOf(*octets)) {
          if (one.empty() || one.size() > kMaxStringLength || !PutListed(key, one, value)) return std::nullopt;
        }
        return value;
      default:
        return octets;
    }
  }

  static bool PutListed(uint16_t key, const std::string& one, std::string& value) {
    if (key == kAlpn) {
      value += static_cast<char>(one.size());
      value += one;
      return true;
    }
    if (key == kMandatory) {
      const std::optional<uint16_t> wanted = KeyOf(one);
      if (wanted) Put(*wanted, value);
      return wanted.has_value();
    }
    const std::optional<base::IpAddress> address = base::ParseIpAddress(one);
    if (!address || address->is_v4() != (key == kIpv4Hint)) return false;
    const auto put = [&value](const auto& octets) { value.append(octets.begin(), octets.end()); };
    if (address->is_v4()) {
      put(address->v4());
    } else {
      put(address->v6());
    }
    return true;
  }

  bool HasWord() const { return next_ < words_.size(); }
  size_t column() const { return HasWord() ? words_[next_].column : end_column_; }

  const std::vector<Word>& words_;
  size_t next_;
  const size_t end_column_;
  const std::string_view origin_;
  std::string rdata_;
};

bool StartsWithDigit(const Word& word) {
  return !word.text.empty() && absl::ascii_isdigit(static_cast<uint8_t>(word.text[0]));
}

// Types that no record has (RFC 6895 section 3.1).
bool IsForQuestionsAlone(RecordType type) {
  const auto number = static_cast<uint16_t>(type);
  return number == 0 || type == RecordType::kOpt || (number >= 128 && number <= 255);
}

}  // namespace

std::optional<uint32_t> ParseTtl(std::string_view text) {
  constexpr uint64_t kMax = 0x7FFFFFFF;
  if (text.empty()) return std::nullopt;
  uint64_t total = 0;
  while (!text.empty()) {
    uint32_t number;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    uint64_t unit = 1;
    if (!text.empty()) {
      constexpr std::pair<char, uint64_t> kUnits[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
      const char letter = absl::ascii_tolower(static_cast<uint8_t>(text[0]));
      const auto* found = std::ranges::find(kUnits, letter, &std::pair<char, uint64_t>::first);
      if (found == std::end(kUnits)) return std::nullopt;
      unit = found->second;
      text.remove_prefix(1);
    }
    total += number * unit;
    if (total > kMax) return std::nullopt;
  }
  return static_cast<uint32_t>(total);
}

absl::StatusOr<ParsedRecord> ParseRecord(std::string_view text, const RecordDefaults& defaults) {
  ASSIGN_OR_RETURN(const std::vector<Word> words, Split(text));
  const size_t end_column = text.size() + 1;
  size_t next = 0;
  ParsedRecord record;
  const bool has_owner = !text.empty() && !absl::ascii_isspace(static_cast<uint8_t>(text[0]));
  if (has_owner && !words.empty()) {
    ASSIGN_OR_RETURN(record.owner, ParseName(words[next++], defaults.origin));
  } else {
    if (defaults.owner.empty()) return Wrong(1, "the record has no owner");
    record.owner = Name::FromWire(defaults.owner);
  }

  std::optional<uint32_t> ttl;
  std::optional<RecordClass> record_class;
  std::optional<RecordType> type;
  while (!type) {
    if (next == words.size()) return Wrong(end_column, "the record has no type");
    const Word& word = words[next++];
    if (!ttl && StartsWithDigit(word)) {
      ttl = ParseTtl(word.text);
      if (!ttl) return Wrong(word.column, absl::StrCat(Shown(word), " is no TTL up to 2147483647 seconds"));
      continue;
    }
    const std::optional<RecordClass> read = record_class ? std::nullopt : ParseRecordClass(word.text);
    if (read && *read != RecordClass::kAny && *read != RecordClass::kNone) {
      record_class = read;
      continue;
    }
    type = ParseRecordType(word.text);
    if (!type || IsForQuestionsAlone(*type)) {
      return Wrong(word.column, absl::StrCat(Shown(word), " is no type of record"));
    }
  }
  if (!ttl && !defaults.ttl) return Wrong(end_column, "the record has no TTL, and there is none to take");
  record.ttl = ttl ? *ttl : *defaults.ttl;
  record.record_class = record_class.value_or(defaults.record_class);
  record.type = *type;
  ASSIGN_OR_RETURN(record.rdata, RdataReader(words, next, end_column, defaults.origin).Read(*type));
  return record;
}

}  // namespace podnamed::dns
