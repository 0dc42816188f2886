#include "server/dns/types.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace podnamed::dns {
namespace {

struct TypeName {
  uint16_t number;
  std::string_view name;
};

// Beyond the types that the code speaks of, those that clients of a cluster ask for, as logs and metrics name them, and
// those that zone files hold.
constexpr TypeName kTypeNames[] = {
    {1, "A"},           {2, "NS"},     {5, "CNAME"},   {6, "SOA"},     {12, "PTR"},     {13, "HINFO"},
    {15, "MX"},         {16, "TXT"},   {17, "RP"},     {18, "AFSDB"},  {28, "AAAA"},    {33, "SRV"},
    {35, "NAPTR"},      {36, "KX"},    {37, "CERT"},   {39, "DNAME"},  {41, "OPT"},     {43, "DS"},
    {44, "SSHFP"},      {46, "RRSIG"}, {47, "NSEC"},   {48, "DNSKEY"}, {49, "DHCID"},   {50, "NSEC3"},
    {51, "NSEC3PARAM"}, {52, "TLSA"},  {53, "SMIMEA"}, {59, "CDS"},    {60, "CDNSKEY"}, {61, "OPENPGPKEY"},
    {64, "SVCB"},       {65, "HTTPS"}, {99, "SPF"},    {251, "IXFR"},  {252, "AXFR"},   {255, "ANY"},
    {256, "URI"},       {257, "CAA"},
};

struct ClassName {
  RecordClass number;
  std::string_view name;
};

constexpr ClassName kClassNames[] = {{RecordClass::kIn, "IN"},
                                     {RecordClass::kCh, "CH"},
                                     {RecordClass::kHs, "HS"},
                                     {RecordClass::kNone, "NONE"},
                                     {RecordClass::kAny, "ANY"}};

// The number behind `prefix`, which is all that `word` has besides (RFC 3597 section 5).
std::optional<uint16_t> NumberBehind(std::string_view prefix, std::string_view word) {
  if (!word.starts_with(prefix)) return std::nullopt;
  uint16_t number = 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data() + prefix.size(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace

std::string NameOf(RecordType type) {
  const auto* named = std::find_if(std::begin(kTypeNames), std::end(kTypeNames),
                                   [type](const TypeName& entry) { return RecordType{entry.number} == type; });
  if (named != std::end(kTypeNames)) return std::string(named->name);
  return absl::StrCat("TYPE", static_cast<uint16_t>(type));
}

std::optional<RecordType> ParseRecordType(std::string_view text) {
  std::string word(text);
  absl::AsciiStrToUpper(&word);
  for (const TypeName& entry : kTypeNames) {
    if (word == entry.name) return RecordType{entry.number};
  }
  const std::optional<uint16_t> number = NumberBehind("TYPE", word);
  return number ? std::optional(RecordType{*number}) : std::nullopt;
}

std::string NameOf(RecordClass record_class) {
  for (const ClassName& entry : kClassNames) {
    if (entry.number == record_class) return std::string(entry.name);
  }
  return absl::StrCat("CLASS", static_cast<uint16_t>(record_class));
}

std::optional<RecordClass> ParseRecordClass(std::string_view text) {
  std::string word(text);
  absl::AsciiStrToUpper(&word);
  for (const ClassName& entry : kClassNames) {
    if (word == entry.name) return entry.number;
  }
  const std::optional<uint16_t> number = NumberBehind("CLASS", word);
  return number ? std::optional(RecordClass{*number}) : std::nullopt;
}

std::optional<Rcode> ParseRcode(std::string_view text) {
  std::string word(text);
  absl::AsciiStrToUpper(&word);
  for (uint16_t number = 0; number <= static_cast<uint16_t>(Rcode::kBadCookie); ++number) {
    const std::string_view name = NameOf(Rcode{number});
    if (word == name && name != NameOf(Rcode{0xFFFF})) return Rcode{number};
  }
  return std::nullopt;
}

std::string_view NameOf(Rcode rcode) {
  switch (rcode) {
    case Rcode::kNoError:
      return "NOERROR";
    case Rcode::kFormErr:
      return "FORMERR";
    case Rcode::kServFail:
      return "SERVFAIL";
    case Rcode::kNxDomain:
      return "NXDOMAIN";
    case Rcode::kNotImp:
      return "NOTIMP";
    case Rcode::kRefused:
      return "REFUSED";
    case Rcode::kYxDomain:
      return "YXDOMAIN";
    case Rcode::kYxRrset:
      return "YXRRSET";
    case Rcode::kNxRrset:
      return "NXRRSET";
    case Rcode::kNotAuth:
      return "NOTAUTH";
    case Rcode::kNotZone:
      return "NOTZONE";
    case Rcode::kBadVers:
      return "BADVERS";
    case Rcode::kBadCookie:
      return "BADCOOKIE";
  }
  return "OTHER";
}

}  // namespace podnamed::dns
