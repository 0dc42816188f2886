#include "server/dns/rdata_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace podnamed::dns {
namespace {

// Words between blanks; "'" on both sides stands for quotes.
std::vector<TextWord> WordsOf(std::string_view text) {
  std::vector<TextWord> words;
  for (const absl::string_view word :
       absl::StrSplit(absl::string_view(text.data(), text.size()), ' ', absl::SkipEmpty())) {
    std::string_view view(word.data(), word.size());
    const bool is_quoted = view.size() >= 2 && view.front() == '\'' && view.back() == '\'';
    if (is_quoted) view = view.substr(1, view.size() - 2);
    words.push_back({view, is_quoted});
  }
  return words;
}

// Hexadecimal digits, or "word N: why not".
std::string Parse(std::string_view type, std::string_view text) {
  const Name origin = Name::FromText("example.org.").value();
  size_t word = 0;
  const std::vector<TextWord> words = WordsOf(text);
  const absl::StatusOr<std::string> rdata = ParseRdata(ParseRecordType(type).value(), words, origin, word);
  if (!rdata.ok()) return absl::StrCat("word ", word, ": ", rdata.status().message());
  return absl::BytesToHexString(*rdata);
}

TEST(ParseRdata, ReadsEveryTypeAsItsDocumentWritesIt) {
  const struct {
    std::string_view type;
    std::string_view text;
    std::string_view octets;
  } cases[] = {
      {"A", "10.0.0.1", "0a000001"},
      {"AAAA", "fd00::1", "fd000000000000000000000000000001"},
      {"NS", "ns", "026e73076578616d706c65036f726700"},
      {"NS", "@", "076578616d706c65036f726700"},
      {"CNAME", "a.b.",
       "016101620"
       "0"},
      {"CNAME", ".", "00"},
      {"CNAME", "a\\.", "02612e076578616d706c65036f726700"},
      {"CNAME", "a\\\\.", "02615c00"},
      {"SOA", "a. b. 1 2h 1h30m 1w 60", "0161000162000000000100001c200000151800093a800000003c"},
      {"MX", "10 a.", "000a016100"},
      {"TXT", "one 'two\\032words'", "036f6e650974776f20776f726473"},
      {"TXT", "''", "00"},
      {"TXT", "a\\\"\\065",
       "0361"
       "2241"},
      {"HINFO", "x 'y'", "01780179"},
      {"SRV", "1 2 443 a.", "0001000201bb016100"},
      {"NAPTR", "1 2 'S' 'x' '' a.",
       "00010002015301780"
       "0016100"},
      {"DS", "60485 5 1 2BB183AF5F22588179A53B0A 98631FAD1A292118", "ec4505012bb183af5f22588179a53b0a98631fad1a292118"},
      {"DNSKEY", "256 3 5 AQPS mKyn",
       "01000305"
       "0103d298aca7"},
      {"RRSIG", "A 5 3 86400 20030322173103 20030220173103 2642 a. AQPS",
       "00010503000151803e7c9dd73e5510d70a520161000103d2"},
      {"NSEC", "a. A MX RRSIG NSEC TYPE1234",
       "0161000006400100000003041b000000000000000000000000000000000000000000000000000020"},
      {"CAA", "0 issue 'ca.example'",
       "00056973737565"
       "63612e6578616d706c65"},
      {"URI", "10 1 'ftp://a'",
       "000a0001"
       "6674703a2f2f61"},
      {"TLSA", "0 0 1 d2ab", "000001d2ab"},
      {"SVCB", "16 a. alpn=h2,h3 port=53",
       "0010016100"
       "00010006026832026833"
       "000300020035"},
      {"HTTPS", "1 . ipv4hint=10.0.0.1 key667= 'hi' no-default-alpn mandatory=ipv4hint",
       "000100"
       "000000020004"
       "00020000"
       "000400040a000001"
       "029b00026869"},
      {"SVCB", "1 a. dohpath=/q{?dns}",
       "00010161000007"
       "00082f717b3f646e737d"},
      {"A", "\\# 4 0a 000001", "0a000001"},
      {"TYPE65280", "\\# 0", ""},
      {"TYPE65280", "\\# 3 abcdef", "abcdef"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(Parse(test.type, test.text), test.octets) << test.type << " " << test.text;
  }
}

TEST(ParseRdata, SaysWhichWordIsWrong) {
  const struct {
    std::string_view type;
    std::string_view text;
    std::string_view error;
  } cases[] = {
      {"A", "", "word 0: the end; expected an IPv4 address"},
      {"A", "10.0.0", "word 0: \"10.0.0\"; expected an IPv4 address"},
      {"A", "fd00::1", "word 0: \"fd00::1\"; expected an IPv4 address"},
      {"A", "10.0.0.1 10.0.0.2", "word 1: \"10.0.0.2\"; expected nothing more"},
      {"MX", "a.", "word 0: \"a.\"; expected a number up to 65535"},
      {"MX", "65536 a.", "word 0: \"65536\"; expected a number up to 65535"},
      {"MX", "1", "word 1: the end; expected a name"},
      {"NS", "a..b", "word 0: name \"a..b\": label 2 is empty"},
      {"SOA", "a. b. 1 2 3 4 x", "word 6: \"x\"; expected seconds, such as 3600 or 1h"},
      {"TXT", "", "word 0: the end; expected a text"},
      {"TXT", "\\300", "word 0: \"\\\\300\"; expected \\DDD up to 255, or \\ and a character"},
      {"DS", "1 1 1 abc", "word 3: \"abc\"; expected pairs of hexadecimal digits"},
      {"DNSKEY", "1 1 1 ***", "word 3: \"***\"; expected base64"},
      {"RRSIG", "A 5 3 86400 20031322173103 1 2642 a. AQPS",
       "word 4: \"20031322173103\"; expected a time such as 20260131235959"},
      {"NSEC", "a. A B", "word 2: \"B\"; expected a type"},
      {"SVCB", "1 a. port=x", "word 2: \"port=x\"; expected a value that the parameter can have"},
      {"SVCB", "1 a. port=1 port=1", "word 3: \"port=1\"; expected each parameter once"},
      {"A", "\\# 3 0a0000", "word 2: \"0a0000\"; expected rdata of A"},
      {"NS", "\\# 2 c000", "word 2: \"c000\"; expected rdata of NS"},
      {"TYPE65280", "\\# 2 00", "word 2: \"00\"; expected 2 octets"},
      {"TYPE65280", "x", "word 0: \"x\"; expected rdata as in \"\\# 4 0a000001\", for the type has no other form here"},
  };
  for (const auto& test : cases) EXPECT_EQ(Parse(test.type, test.text), test.error) << test.type << " " << test.text;
}

TEST(ParseSeconds, TakesSecondsAndUnits) {
  EXPECT_EQ(ParseSeconds("0"), 0);
  EXPECT_EQ(ParseSeconds("1w2d3h4m5s"), 604800 + 2 * 86400 + 3 * 3600 + 4 * 60 + 5);
  EXPECT_EQ(ParseSeconds("1H"), 3600);
  EXPECT_EQ(ParseSeconds("2147483647"), 2147483647);
  for (const std::string_view text : {"", "h", "1x", "2147483648", "-1", "4000w", "99999999999"}) {
    EXPECT_EQ(ParseSeconds(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace podnamed::dns
