#include "server/dns/record_text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/dns/rdata_text.h"
#include "server/dns/wire_reader.h"

namespace podnamed::dns {
namespace {

const Name kOrigin = *Name::FromText("example.org.");
const Name kOwner = *Name::FromText("last.example.org.");

// "www.example.org. 60 IN A 10.0.0.1", or the message.
std::string Parsed(std::string_view text, std::optional<uint32_t> ttl = 60) {
  const absl::StatusOr<ParsedRecord> record =
      ParseRecord(text, {.origin = kOrigin.wire(), .owner = kOwner.wire(), .ttl = ttl});
  if (!record.ok()) return std::string(record.status().message());
  WireReader reader({reinterpret_cast<const uint8_t*>(record->rdata.data()), record->rdata.size()});
  return absl::StrCat(record->owner.ToText(), " ", record->ttl, " ", NameOf(record->record_class), " ",
                      NameOf(record->type), " ", ReadRdataText(reader, record->type, record->rdata.size()));
}

// Its rdata in hexadecimal.
std::string Rdata(std::string_view text) {
  const absl::StatusOr<ParsedRecord> record = ParseRecord("a. 60 " + std::string(text));
  return record.ok() ? absl::BytesToHexString(record->rdata) : std::string(record.status().message());
}

TEST(ParseRecord, ReadsWhatAZoneFileSays) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"www 300 IN A 10.0.0.1", "www.example.org. 300 IN A 10.0.0.1"},
      {"www.a. IN 300 a 10.0.0.1", "www.a. 300 IN A 10.0.0.1"},
      {"www A 10.0.0.1", "www.example.org. 60 IN A 10.0.0.1"},
      {"@ 1h30m AAAA fd00::1", "example.org. 5400 IN AAAA fd00::1"},
      {"\tA 10.0.0.1", "last.example.org. 60 IN A 10.0.0.1"},
      {"*.x CNAME @", "*.x.example.org. 60 IN CNAME example.org."},
      {"a\\.b NS ns.other.", "a\\.b.example.org. 60 IN NS ns.other."},
      {"a\\. PTR p", "a\\..example.org. 60 IN PTR p.example.org."},
      {"a\\\\. PTR p\\046.", "a\\\\. 60 IN PTR p\\.."},
      {"@ MX 10 mail", "example.org. 60 IN MX 10 mail.example.org."},
      {"@ SRV 0 100 53 x.y.", "example.org. 60 IN SRV 0 100 53 x.y."},
      {"@ CH TXT one \"two words\" \"\\\"\\059\" ; comment", "example.org. 60 CH TXT \"one\" \"two words\" \"\\\";\""},
      {"@ SOA ns root (\n 7 ; serial\n 2h 1800\n 1d 5m )",
       "example.org. 60 IN SOA ns.example.org. root.example.org. 7 7200 1800 86400 300"},
      {"@ HINFO \"ANY obsoleted\" x", "example.org. 60 IN HINFO \"ANY obsoleted\" \"x\""},
      {"@ TYPE65280 \\# 4 0a00 0001", "example.org. 60 IN TYPE65280 \\# 4 0a000001"},
      {"@ A \\# 4 0a000001", "example.org. 60 IN A 10.0.0.1"},
      {"@ CLASS7 TYPE65280 \\# 1 00", "example.org. 60 CLASS7 TYPE65280 \\# 1 00"},
      {"in.example.org. A 10.0.0.1 \r\n", "in.example.org. 60 IN A 10.0.0.1"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Parsed(text), expected) << text;
}

TEST(ParseRecord, PutsRdataOnTheWire) {
  const std::vector<std::pair<std::string, std::string_view>> cases = {
      {"TXT \"\"", "00"},
      {"NAPTR 1 2 S SIP+D2U \"\" _sip.a.", "0001000201530753495 02b44325500045f736970016100"},
      {"DNAME b.", "016200"},
      {"DS 1 8 2 ab cd", "00010802abcd"},
      {"SSHFP 1 2 ab", "0102ab"},
      {"DNSKEY 256 3 8 AQID BA==", "0100030801020304"},
      {"TLSA 3 1 1 ab", "030101ab"},
      {"RRSIG A 8 2 300 20301231235959 20200101000000 7 a. AQID",
       "0001"
       "08"
       "02"
       "0000012c"
       "72bd0bff"
       "5e0be100"
       "0007"
       "016100"
       "010203"},
      {"NSEC b. A MX RRSIG TYPE1234",
       "016200"
       "0006"
       "400100000002"
       "041b"
       "000000000000000000000000000000000000000000000000000020"},
      {"CAA 0 issue \"ca.example; x=y\"",
       "00056973737565"
       "63612e6578616d706c653b20783d79"},
      {"URI 1 2 \"http://a\"", "00010002687474703a2f2f61"},
      {"HTTPS 0 b.", "0000016200"},
      {"HTTPS 1 . port=8080 alpn=\"h3,h2\" no-default-alpn ipv4hint=10.0.0.1,10.0.0.2 ipv6hint=fd00::1 mandatory=port",
       "0001"
       "00"
       "0000"
       "0002"
       "0003"
       "0001"
       "0006"
       "026833"
       "026832"
       "0002"
       "0000"
       "0003"
       "0002"
       "1f90"
       "0004"
       "0008"
       "0a0000010a000002"
       "0006"
       "0010"
       "fd000000000000000000000000000001"},
      {"SVCB 1 b. key667=hello\\032x ech=AQID",
       "0001"
       "016200"
       "0005"
       "0003"
       "010203"
       "029b"
       "0007"
       "68656c6c6f2078"},
      {"SVCB 1 b. alpn=f\\\\\\\\oo\\\\,bar,h2",
       "0001"
       "016200"
       "0001"
       "000c"
       "08665c6f6f2c626172"
       "026832"},
  };
  for (const auto& [text, expected] : cases) {
    std::string octets(expected);
    std::erase(octets, ' ');
    EXPECT_EQ(Rdata(text), octets) << text;
  }
}

TEST(ParseRecord, ALongTextIsSeveralStrings) {
  EXPECT_EQ(Rdata("TXT " + std::string(256, 'a')),
            absl::StrCat("ff", absl::BytesToHexString(std::string(255, 'a')), "0161"));
}

TEST(ParseRecord, SaysWhereItBreaks) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"", "the record has no type, at column 1"},
      {"www", "the record has no type, at column 4"},
      {"a..b A 10.0.0.1", "name \"a..b\": label 2 is empty, at column 1"},
      {"a A 10.0.0", "\"10.0.0\"; expected an IPv4 address, at column 5"},
      {"a A fd00::1", "\"fd00::1\"; expected an IPv4 address, at column 5"},
      {"a AAAA 10.0.0.1", "\"10.0.0.1\"; expected an IPv6 address, at column 8"},
      {"a A", "the end; expected an IPv4 address, at column 4"},
      {"a A 10.0.0.1 x", "\"x\"; expected nothing more, at column 14"},
      {"a 5x A 10.0.0.1", "\"5x\" is no TTL up to 2147483647 seconds, at column 3"},
      {"a 2147483648 A 10.0.0.1", "\"2147483648\" is no TTL up to 2147483647 seconds, at column 3"},
      {"a AA 10.0.0.1", "\"AA\" is no type of record, at column 3"},
      {"a ANY x", "\"ANY\" is no type of record, at column 3"},
      {"a OPT x", "\"OPT\" is no type of record, at column 3"},
      {"a IN IN A 10.0.0.1", "\"IN\" is no type of record, at column 6"},
      {"a MX x y", "\"x\"; expected a number up to 65535, at column 6"},
      {"a MX 65536 y", "\"65536\"; expected a number up to 65535, at column 6"},
      {"a TXT \"x", "a quote that is never closed, at column 7"},
      {"a TXT x\\999", "\"x\\\\999\"; expected \\DDD up to 255, or \\ and a character, at column 7"},
      {"a TXT ( x", "a parenthesis without its other half, at column 7"},
      {"a TXT x )", "a parenthesis without its other half, at column 9"},
      {"a TXT x\nb", "a second line; expected parentheses around what belongs together, at column 8"},
      {"a TYPE65280 x",
       "\"x\"; expected rdata as in \"\\# 4 0a000001\", for the type has no other form here, at column 13"},
      {"a TYPE65280 \\# 4 0a", "\"0a\"; expected 4 octets, at column 18"},
      {"a TYPE65280 \\# 1 0", "\"0\"; expected pairs of hexadecimal digits, at column 18"},
      {"a DNSKEY 1 2 3 !", "\"!\"; expected base64, at column 16"},
      {"a HTTPS 1 . port=x", "\"port=x\"; expected a value that the parameter can have, at column 13"},
      {"a HTTPS 1 . port=1 port=2", "\"port=2\"; expected each parameter once, at column 20"},
      {"a RRSIG A 8 2 300 20301331235959 0 7 a. AQID",
       "\"20301331235959\"; expected a time such as 20260131235959, at column 19"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Parsed(text), expected) << text;
  EXPECT_EQ(Parsed("a A 10.0.0.1", std::nullopt), "the record has no TTL, and there is none to take, at column 13");
  EXPECT_EQ(ParseRecord("\tA 10.0.0.1").status().message(), "the record has no owner, at column 1");
  EXPECT_EQ(Rdata("HINFO x " + std::string(256, 'a')), "a text of 256 octets; expected at most 255, at column 15");
  const std::string label(63, 'a');
  EXPECT_EQ(Parsed(absl::StrCat(label, ".", label, ".", label, ".", label.substr(0, 55), " A 10.0.0.1")).substr(0, 8),
            "name \"aa");
}

}  // namespace
}  // namespace podnamed::dns
