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

// Beyond the types that the code speaks of, those that clients of a cluster ask for: logs and metrics name them.
constexpr TypeName kTypeNames[] = {
    {1, "A"},     {2, "NS"},     {5, "CNAME"},  {6, "SOA"},    {12, "PTR"},    {13, "HINFO"},
    {15, "MX"},   {16, "TXT"},   {28, "AAAA"},  {33, "SRV"},   {35, "NAPTR"},  {41, "OPT"},
    {43, "DS"},   {46, "RRSIG"}, {47, "NSEC"},  {50, "NSEC3"}, {48, "DNSKEY"}, {52, "TLSA"},
    {64, "SVCB"}, {65, "HTTPS"}, {251, "IXFR"}, {252, "AXFR"}, {255, "ANY"},   {257, "CAA"},
};

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
  constexpr std::string_view kPrefix = "TYPE";
  if (!word.starts_with(kPrefix)) return std::nullopt;
  uint16_t number = 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data() + kPrefix.size(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return RecordType{number};
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
