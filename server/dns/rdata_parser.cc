#include "server/dns/rdata_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "server/base/ip_address.h"

namespace podnamed::dns {
namespace {

// What stands in rdata, one behind the other.
enum class Field : uint8_t {
  kEnd,
  kU8,
  kU16,
  kU32,
  kSeconds,  // as a TTL is written
  kIpv4,
  kIpv6,
  kName,
  kString,   // a character-string
  kStrings,  // one or more, to the end
  kOctets,   // one string that fills the rest, without its length
  kHex,      // in any number of words, to the end
  kBase64,   // the same
  kType,
  kTime,         // RFC 4034 section 3.2
  kTypes,        // a bitmap (RFC 4034 section 4.1.2), to the end
  kServiceKeys,  // RFC 9460 section 2.1, to the end
};

struct Format {
  uint16_t type;
  std::array<Field, 9> fields;  // up to the first kEnd
};

using enum Field;
constexpr Format kFormats[] = {
    {1, {kIpv4}},                                                       // A
    {2, {kName}},                                                       // NS
    {5, {kName}},                                                       // CNAME
    {6, {kName, kName, kU32, kSeconds, kSeconds, kSeconds, kSeconds}},  // SOA
    {12, {kName}},                                                      // PTR
    {13, {kString, kString}},                                           // HINFO
    {15, {kU16, kName}},                                                // MX
    {16, {kStrings}},                                                   // TXT
    {17, {kName, kName}},                                               // RP (RFC 1183)
    {18, {kU16, kName}},                                                // AFSDB (RFC 1183)
    {28, {kIpv6}},                                                      // AAAA
    {33, {kU16, kU16, kU16, kName}},                                    // SRV (RFC 2782)
    {35, {kU16, kU16, kString, kString, kString, kName}},               // NAPTR (RFC 3403)
    {36, {kU16, kName}},                                                // KX (RFC 2230)
    {37, {kU16, kU16, kU8, kBase64}},                                   // CERT (RFC 4398)
    {39, {kName}},                                                      // DNAME (RFC 6672)
    {43, {kU16, kU8, kU8, kHex}},                                       // DS (RFC 4034)
    {44, {kU8, kU8, kHex}},                                             // SSHFP (RFC 4255)
    {46, {kType, kU8, kU8, kU32, kTime, kTime, kU16, kName, kBase64}},  // RRSIG (RFC 4034)
    {47, {kName, kTypes}},                                              // NSEC (RFC 4034)
    {48, {kU16, kU8, kU8, kBase64}},                                    // DNSKEY (RFC 4034)
    {49, {kBase64}},                                                    // DHCID (RFC 4701)
    {52, {kU8, kU8, kU8, kHex}},                                        // TLSA (RFC 6698)
    {53, {kU8, kU8, kU8, kHex}},                                        // SMIMEA (RFC 8162)
    {59, {kU16, kU8, kU8, kHex}},                                       // CDS (RFC 7344)
    {60, {kU16, kU8, kU8, kBase64}},                                    // CDNSKEY (RFC 7344)
    {61, {kBase64}},                                                    // OPENPGPKEY (RFC 7929)
    {64, {kU16, kName, kServiceKeys}},                                  // SVCB (RFC 9460)
    {65, {kU16, kName, kServiceKeys}},                                  // HTTPS (RFC 9460)
    {99, {kStrings}},                                                   // SPF (RFC 7208)
    {256, {kU16, kU16, kOctets}},                                       // URI (RFC 7553)
    {257, {kU8, kString, kOctets}},                                     // CAA (RFC 8659)
};

constexpr size_t kMaxRdata = 65535;
constexpr size_t kMaxString = 255;  // RFC 1035 section 3.3

void PutU8(std::string& out, uint8_t value) { out.push_back(static_cast<char>(value)); }

void PutU16(std::string& out, uint16_t value) {
  PutU8(out, static_cast<uint8_t>(value >> 8));
  PutU8(out, static_cast<uint8_t>(value));
}

void PutU32(std::string& out, uint32_t value) {
  PutU16(out, static_cast<uint16_t>(value >> 16));
  PutU16(out, static_cast<uint16_t>(value));
}

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size() || text.starts_with('-')) return std::nullopt;
  return number;
}

// The octets that a word with escapes stands for; std::nullopt for an escape that is none.
std::optional<std::string> Unescape(std::string_view text) {
  std::string octets;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      octets.push_back(text[i]);
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (!absl::ascii_isdigit(static_cast<uint8_t>(text[i]))) {
      octets.push_back(text[i]);
      continue;
    }
    const std::string_view digits = text.substr(i, 3);
    const std::optional<uint8_t> octet = digits.size() == 3 ? ParseNumber<uint8_t>(digits) : std::nullopt;
    if (!octet) return std::nullopt;
    octets.push_back(static_cast<char>(*octet));
    i += 2;
  }
  return octets;
}

std::string Quoted(std::string_view text) {
  constexpr size_t kMost = 40;
  return absl::StrCat("\"", absl::CHexEscape(std::string(text.substr(0, kMost))), text.size() > kMost ? "…\"" : "\"");
}

// RFC 4034 section 3.2: a day and time, or seconds.
std::optional<uint32_t> ParseTime(std::string_view text) {
  constexpr size_t kDigits = 14;
  if (text.size() != kDigits) return ParseNumber<uint32_t>(text);
  const auto part = [text](size_t at, size_t size) { return ParseNumber<int>(text.substr(at, size)); };
  const auto year = part(0, 4);
  const auto month = part(4, 2);
  const auto day = part(6, 2);
  const auto hour = part(8, 2);
  const auto minute = part(10, 2);
  const auto second = part(12, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const absl::CivilSecond time(*year, *month, *day, *hour, *minute, *second);
  if (time.month() != *month || time.day() != *day || time.hour() != *hour || time.minute() != *minute) {
    return std::nullopt;
  }
  return static_cast<uint32_t>(absl::ToUnixSeconds(absl::FromCivil(time, absl::UTCTimeZone())));
}

// RFC 4034 section 4.1.2.
std::string TypeBitmap(const std::set<uint16_t>& types) {
  std::string bitmap;
  for (auto type = types.begin(); type != types.end();) {
    const uint8_t window = static_cast<uint8_t>(*type >> 8);
    std::string bits;
    for (; type != types.end() && *type >> 8 == window; ++type) {
      const size_t octet = (*type & 0xFF) / 8;
      bits.resize(octet + 1);
      bits[octet] = static_cast<char>(bits[octet] | 0x80 >> *type % 8);
    }
    PutU8(bitmap, window);
    PutU8(bitmap, static_cast<uint8_t>(bits.size()));
    bitmap += bits;
  }
  return bitmap;
}

// The parameters of RFC 9460.
enum class ServiceKey : uint16_t { kMandatory, kAlpn, kNoDefaultAlpn, kPort, kIpv4Hint, kEch, kIpv6Hint, kDohPath };
constexpr std::string_view kServiceKeyNames[] = {"mandatory", "alpn", "no-default-alpn", "port",
                                                 "ipv4hint",  "ech",  "ipv6hint",        "dohpath"};

std::optional<uint16_t> ParseServiceKey(std::string_view name) {
  const auto* known = std::find(std::begin(kServiceKeyNames), std::end(kServiceKeyNames), name);
  if (known != std::end(kServiceKeyNames)) return static_cast<uint16_t>(known - std::begin(kServiceKeyNames));
  return name.starts_with("key") ? ParseNumber<uint16_t>(name.substr(3)) : std::nullopt;
}

// The items of a list, which commas part; a backslash keeps one in its item (RFC 9460 appendix A.1).
std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> items(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',') {
      items.emplace_back();
    } else {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      items.back().push_back(text[i]);
    }
  }
  return items;
}

template <typename Address>
bool PutAddress(std::string& out, const std::optional<base::IpAddress>& address) {
  constexpr bool kIsV4 = std::is_same_v<Address, base::Ipv4Address>;
  if (!address || address->is_v4() != kIsV4) return false;
  if constexpr (kIsV4) {
    const base::Ipv4Address octets = address->v4();
    out.append(octets.begin(), octets.end());
  } else {
    out.append(address->v6().begin(), address->v6().end());
  }
  return true;
}

// The value of a parameter, or std::nullopt if it is none of that key.
std::optional<std::string> ParseServiceValue(uint16_t key, const std::string& value) {
  std::string out;
  switch (static_cast<ServiceKey>(key)) {
    case ServiceKey::kMandatory: {
      std::set<uint16_t> keys;
      for (const std::string& item : SplitList(value)) {
        const std::optional<uint16_t> named = ParseServiceKey(item);
        if (!named || *named == 0 || !keys.insert(*named).second) return std::nullopt;
      }
      for (const uint16_t named : keys) PutU16(out, named);
      return out;
    }
    case ServiceKey::kAlpn:
      for (const std::string& item : SplitList(value)) {
        if (item.empty() || item.size() > kMaxString) return std::nullopt;
        PutU8(out, static_cast<uint8_t>(item.size()));
        out += item;
      }
      return out;
    case ServiceKey::kNoDefaultAlpn:
      return value.empty() ? std::optional(out) : std::nullopt;
    case ServiceKey::kPort: {
      const std::optional<uint16_t> port = ParseNumber<uint16_t>(value);
      if (!port) return std::nullopt;
      PutU16(out, *port);
      return out;
    }
    case ServiceKey::kIpv4Hint:
      for (const std::string& item : SplitList(value)) {
        if (!PutAddress<base::Ipv4Address>(out, base::ParseIpAddress(item))) return std::nullopt;
      }
      return out;
    case ServiceKey::kIpv6Hint:
      for (const std::string& item : SplitList(value)) {
        if (!PutAddress<base::Ipv6Address>(out, base::ParseIpAddress(item))) return std::nullopt;
      }
      return out;
    case ServiceKey::kEch:
      return absl::Base64Unescape(value, &out) && !value.empty() ? std::optional(out) : std::nullopt;
    case ServiceKey::kDohPath:
      break;
  }
  return value;
}

class RdataParser {
 public:
  RdataParser(absl::Span<const TextWord> words, const Name& origin) : words_(words), origin_(origin) {}

  size_t word() const { return next_; }

  absl::StatusOr<std::string> Run(RecordType type) {
    absl::Status status = ParseFields(type);
    if (status.ok() && next_ < words_.size()) status = Expected("nothing more");
    if (status.ok() && out_.size() > kMaxRdata) {
      status =
          absl::InvalidArgumentError(absl::StrCat("rdata of ", out_.size(), " octets; expected at most ", kMaxRdata));
    }
    if (!status.ok()) return status;
    return std::move(out_);
  }

 private:
  absl::Status ParseFields(RecordType type) {
    if (!words_.empty() && words_.front().text == "\\#" && !words_.front().is_quoted) return ParseGeneric(type);
    const auto* const format = FormatOf(type);
    if (format == nullptr) return Expected("rdata as in \"\\# 4 0a000001\", for the type has no other form here");
    for (const Field field : format->fields) {
      if (field == Field::kEnd) break;
      if (absl::Status status = Parse(field); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  static const Format* FormatOf(RecordType type) {
    const auto* found = std::find_if(std::begin(kFormats), std::end(kFormats),
                                     [type](const Format& format) { return RecordType{format.type} == type; });
    return found == std::end(kFormats) ? nullptr : found;
  }

  // RFC 3597 section 5. Of a type that is known, what it says is still to be that.
  absl::Status ParseGeneric(RecordType type);

  absl::Status Parse(Field field) {
    std::string octets;
    switch (field) {
      case Field::kEnd:
        break;
      case Field::kU8:
        return Number<uint8_t>("a number up to 255", [this](uint8_t value) { PutU8(out_, value); });
      case Field::kU16:
        return Number<uint16_t>("a number up to 65535", [this](uint16_t value) { PutU16(out_, value); });
      case Field::kU32:
        return Number<uint32_t>("a number up to 4294967295", [this](uint32_t value) { PutU32(out_, value); });
      case Field::kSeconds:
        return Value(ParseSeconds(Text()), "seconds, such as 3600 or 1h",
                     [this](uint32_t value) { PutU32(out_, value); });
      case Field::kTime:
        return Value(ParseTime(Text()), "a time such as 20260131235959",
                     [this](uint32_t value) { PutU32(out_, value); });
      case Field::kType:
        return Value(ParseRecordType(Text()), "a type",
                     [this](RecordType value) { PutU16(out_, static_cast<uint16_t>(value)); });
      case Field::kIpv4:
        return PutAddress<base::Ipv4Address>(out_, base::ParseIpAddress(Text())) ? Done() : Expected("an IPv4 address");
      case Field::kIpv6:
        return PutAddress<base::Ipv6Address>(out_, base::ParseIpAddress(Text())) ? Done() : Expected("an IPv6 address");
      case Field::kName:
        return ParseName();
      case Field::kString:
        return ParseString();
      case Field::kStrings:
        return ParseStrings();
      case Field::kOctets:
        if (absl::Status status = ParseOctets(octets); !status.ok()) return status;
        out_ += octets;
        return Done();
      case Field::kHex:
        return ParseHex();
      case Field::kBase64:
        return ParseBase64();
      case Field::kTypes:
        return ParseTypes();
      case Field::kServiceKeys:
        return ParseServiceKeys();
    }
    return absl::OkStatus();
  }

  std::string_view Text() const { return next_ < words_.size() ? words_[next_].text : std::string_view(); }

  absl::Status Expected(absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat(next_ < words_.size() ? Quoted(Text()) : "the end", "; expected ", what));
  }

  absl::Status Done() {
    ++next_;
    return absl::OkStatus();
  }

  template <typename T, typename Put>
  absl::Status Value(const std::optional<T>& value, absl::string_view what, Put put) {
    if (!value || next_ == words_.size()) return Expected(what);
    put(*value);
    return Done();
  }

  template <typename T, typename Put>
  absl::Status Number(absl::string_view what, Put put) {
    return Value(ParseNumber<T>(Text()), what, put);
  }

  absl::Status ParseName() {
    if (next_ == words_.size()) return Expected("a name");
    const absl::StatusOr<Name> name = ParseRelativeName(words_[next_], origin_);
    if (!name.ok()) return name.status();
    out_ += name->wire();
    return Done();
  }

  absl::Status ParseOctets(std::string& octets) {
    if (next_ == words_.size()) return Expected("a text");
    const std::optional<std::string> text = Unescape(Text());
    if (!text) return Expected("\\DDD up to 255, or \\ and a character");
    octets = *text;
    return absl::OkStatus();
  }

  void PutString(std::string_view text) {
    PutU8(out_, static_cast<uint8_t>(text.size()));
    out_ += text;
  }

  absl::Status ParseString() {
    std::string text;
    if (absl::Status status = ParseOctets(text); !status.ok()) return status;
    if (text.size() > kMaxString) {
      return absl::InvalidArgumentError(absl::StrCat("a text of ", text.size(), " octets; expected at most 255"));
    }
    PutString(text);
    return Done();
  }

  // A longer one becomes several, as CoreDNS takes it.
  absl::Status ParseStrings() {
    do {
      std::string text;
      if (absl::Status status = ParseOctets(text); !status.ok()) return status;
      std::string_view rest = text;
      do {
        PutString(rest.substr(0, kMaxString));
        rest.remove_prefix(std::min(rest.size(), kMaxString));
      } while (!rest.empty());
      ++next_;
    } while (next_ < words_.size());
    return absl::OkStatus();
  }

  // The words that are left, as one.
  std::string TakeRest() {
    std::string rest;
    for (; next_ < words_.size(); ++next_) rest += words_[next_].text;
    return rest;
  }

  absl::Status ParseHex() {
    const size_t first = next_;
    const std::string digits = TakeRest();
    const bool is_hex = digits.size() % 2 == 0 && std::all_of(digits.begin(), digits.end(), [](char c) {
                          return absl::ascii_isxdigit(static_cast<uint8_t>(c));
                        });
    if (!is_hex || digits.empty()) {
      next_ = first;
      return Expected("pairs of hexadecimal digits");
    }
    out_ += absl::HexStringToBytes(digits);
    return absl::OkStatus();
  }

  absl::Status ParseBase64() {
    const size_t first = next_;
    const std::string text = TakeRest();
    std::string octets;
    if (text.empty() || !absl::Base64Unescape(text, &octets)) {
      next_ = first;
      return Expected("base64");
    }
    out_ += octets;
    return absl::OkStatus();
  }

  absl::Status ParseTypes() {
    std::set<uint16_t> types;
    for (; next_ < words_.size(); ++next_) {
      const std::optional<RecordType> type = ParseRecordType(Text());
      if (!type) return Expected("a type");
      types.insert(static_cast<uint16_t>(*type));
    }
    out_ += TypeBitmap(types);
    return absl::OkStatus();
  }

  // "alpn=h2,h3" or "alpn" "=" and a quoted text, which the words hold as two.
  absl::Status ParseServiceKeys() {
    std::map<uint16_t, std::string> values;
    for (; next_ < words_.size(); ++next_) {
      const std::string_view text = Text();
      const size_t equals = text.find('=');
      const std::optional<uint16_t> key = ParseServiceKey(text.substr(0, equals));
      if (!key || words_[next_].is_quoted) return Expected("a parameter, such as port=443");
      std::string_view written = equals == std::string_view::npos ? "" : text.substr(equals + 1);
      const bool is_next = equals + 1 == text.size() && next_ + 1 < words_.size() && words_[next_ + 1].is_quoted;
      if (is_next) written = words_[next_ + 1].text;
      const std::optional<std::string> unescaped = Unescape(written);
      const std::optional<std::string> value = unescaped ? ParseServiceValue(*key, *unescaped) : std::nullopt;
      if (!value) return Expected("a value that the parameter can have");
      if (!values.try_emplace(*key, *value).second) return Expected("each parameter once");
      if (is_next) ++next_;
    }
    for (const auto& [key, value] : values) {
      PutU16(out_, key);
      PutU16(out_, static_cast<uint16_t>(value.size()));
      out_ += value;
    }
    return absl::OkStatus();
  }

  const absl::Span<const TextWord> words_;
  const Name& origin_;
  size_t next_ = 0;
  std::string out_;
};

// Whether octets are what the fields say, to their end.
bool Fits(const Format& format, std::string_view octets) {
  const auto take = [&octets](size_t size) {
    if (size > octets.size()) return false;
    octets.remove_prefix(size);
    return true;
  };
  const auto take_string = [&] { return !octets.empty() && take(static_cast<uint8_t>(octets.front()) + size_t{1}); };
  for (const Field field : format.fields) {
    bool fits = true;
    switch (field) {
      case Field::kEnd:
        break;
      case Field::kU8:
        fits = take(1);
        break;
      case Field::kU16:
      case Field::kType:
        fits = take(2);
        break;
      case Field::kU32:
      case Field::kSeconds:
      case Field::kTime:
      case Field::kIpv4:
        fits = take(4);
        break;
      case Field::kIpv6:
        fits = take(16);
        break;
      case Field::kName: {
        QueryName name;
        const size_t size = name.Read(octets);
        fits = size > 0 && take(size);
        break;
      }
      case Field::kString:
        fits = take_string();
        break;
      case Field::kStrings:
        do {
          fits = take_string();
        } while (fits && !octets.empty());
        break;
      case Field::kOctets:
      case Field::kHex:
      case Field::kBase64:
      case Field::kTypes:
      case Field::kServiceKeys:
        octets = {};
        break;
    }
    if (!fits) return false;
  }
  return octets.empty();
}

absl::Status RdataParser::ParseGeneric(RecordType type) {
  ++next_;
  const std::optional<uint16_t> size = ParseNumber<uint16_t>(Text());
  if (!size) return Expected("how many octets follow");
  ++next_;
  const size_t first = next_;
  if (*size > 0) {
    if (absl::Status status = ParseHex(); !status.ok()) return status;
  }
  const Format* const format = FormatOf(type);
  const bool fits = format == nullptr || Fits(*format, out_);
  if (out_.size() == *size && fits) return absl::OkStatus();
  next_ = first;
  return fits ? Expected(absl::StrCat(*size, " octets")) : Expected(absl::StrCat("rdata of ", NameOf(type)));
}

}  // namespace

absl::StatusOr<std::string> ParseRdata(RecordType type, absl::Span<const TextWord> words, const Name& origin,
                                       size_t& word_at_fault) {
  RdataParser parser(words, origin);
  absl::StatusOr<std::string> rdata = parser.Run(type);
  word_at_fault = parser.word();
  return rdata;
}

absl::StatusOr<Name> ParseRelativeName(const TextWord& word, const Name& origin) {
  if (word.text == "@" && !word.is_quoted) return origin;
  absl::StatusOr<Name> name = Name::FromText(word.text);
  if (!name.ok() || word.text == ".") return name;
  // A dot at the end is none if a backslash makes it a letter: one that is no escaped backslash itself.
  const size_t dots = word.text.ends_with('.') ? 1 : 0;
  const size_t behind = word.text.find_last_not_of('\\', word.text.size() - 1 - dots);
  const size_t backslashes = word.text.size() - dots - (behind == std::string_view::npos ? 0 : behind + 1);
  if (dots == 1 && backslashes % 2 == 0) return name;
  const std::string wire = std::string(name->wire().substr(0, name->wire().size() - 1)).append(origin.wire());
  if (wire.size() > kMaxNameLength) {
    return absl::InvalidArgumentError(absl::StrCat("name ", Quoted(word.text), " below ", origin.ToText(), " has ",
                                                   wire.size(), " octets in wire form, at most ", kMaxNameLength,
                                                   " are allowed"));
  }
  return Name::FromWire(wire);
}

std::optional<uint32_t> ParseSeconds(std::string_view text) {
  constexpr uint64_t kMost = 0x7FFFFFFF;
  const auto seconds_of = [](char unit) -> uint64_t {
    switch (absl::ascii_tolower(static_cast<uint8_t>(unit))) {
      case 's':
        return 1;
      case 'm':
        return 60;
      case 'h':
        return 3600;
      case 'd':
        return 86400;
      case 'w':
        return 604800;
      default:
        return 0;
    }
  };
  uint64_t total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::optional<uint32_t> number = ParseNumber<uint32_t>(text.substr(0, digits));
    if (!number) return std::nullopt;
    const bool has_unit = digits < text.size();
    const uint64_t unit = has_unit ? seconds_of(text[digits]) : 1;
    if (unit == 0) return std::nullopt;
    total += *number * unit;
    text.remove_prefix(digits + (has_unit ? 1 : 0));
  }
  return total <= kMost ? std::optional(static_cast<uint32_t>(total)) : std::nullopt;
}

}  // namespace podnamed::dns
