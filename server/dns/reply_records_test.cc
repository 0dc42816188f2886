#include "server/dns/reply_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/dns/query.h"
#include "server/dns/response.h"
#include "server/testing/dns_message.h"
#include "server/testing/reply_builder.h"

namespace podnamed::dns {
namespace {

using std::literals::operator""sv;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using testing::MakeReply;
using testing::Message;
using testing::ParseMessage;
using testing::ReplyParts;
using ::testing::SizeIs;

class ReplyRecordsTest : public ::testing::Test {
 protected:
  bool Read(const ReplyParts& parts, std::string_view name = "www.example.org") {
    reply_ = MakeReply(name, RecordType::kA, parts);
    const auto view = MessageView::Read(reply_);
    EXPECT_TRUE(view.has_value());
    return records_.Read(*view);
  }

  // What a client reads when the records are written again.
  Message Encode(std::string_view name = "www.example.org") {
    const std::vector<uint8_t> packet = testing::MakeQuery(name, RecordType::kA);
    Query query;
    EXPECT_EQ(ParseQuery(packet, query), ParseOutcome::kQuery);
    std::vector<uint8_t> buffer(kMaxMessageLength);
    ResponseEncoder encoder;
    const size_t size = encoder.Encode(
        query, {.answer = records_.answer, .authority = records_.authority, .additional = records_.additional},
        buffer.size(), absl::MakeSpan(buffer));
    const auto message = ParseMessage({buffer.data(), size});
    EXPECT_TRUE(message.ok()) << message.status();
    return message.ok() ? *message : Message();
  }

  std::vector<uint8_t> reply_;
  ReplyRecords records_;
};

const ReplyParts kEveryKind = {
    .answer = {"www.example.org. 300 CNAME web.example.org.", "web.example.org. 60 A 10.0.0.1",
               "web.example.org. 60 A 10.0.0.2", "web.example.org. 60 AAAA fd00::1", "a.example.org. 5 TXT one",
               "a.example.org. 5 TXT one two", "a.example.org. 5 MX 10 mail.example.org.",
               "a.example.org. 5 MX 20 mail2.example.org.", "_x._tcp.example.org. 30 SRV 1 2 3 web.example.org.",
               "1.0.0.10.in-addr.arpa. 30 PTR web.example.org.", "v.example.org. 7 CH TXT version",
               "v.example.org. 7 TYPE65280 \\# 3 c00c01", "v.example.org. 7 CH A \\# 4 01020304"},
    .authority = {"example.org. 3600 NS ns1.example.org.", "example.org. 3600 NS ns2.example.org.",
                  "example.org. 900 SOA ns1.example.org. host.example.org. 2024 7200 1800 86400 5"},
    .additional = {"ns1.example.org. 60 A 10.0.0.53", "ns2.example.org. 60 A 10.0.0.54"},
    .edns_size = 1232,
};

TEST_F(ReplyRecordsTest, ARewrittenReplySaysTheSame) {
  for (const bool compress : {true, false}) {
    ReplyParts parts = kEveryKind;
    parts.compress = compress;
    ASSERT_TRUE(Read(parts));
    const Message before = ParseMessage(reply_).value();
    const Message after = Encode();
    EXPECT_THAT(after.answer, ElementsAreArray(before.answer));
    EXPECT_THAT(after.authority, ElementsAreArray(before.authority));
    EXPECT_THAT(after.additional, ElementsAreArray(before.additional));
    EXPECT_FALSE(after.edns.has_value());
  }
}

TEST_F(ReplyRecordsTest, NeighboursOfOneOwnerTypeAndTtlAreOneSet) {
  ASSERT_TRUE(Read(kEveryKind));
  EXPECT_THAT(records_.answer, SizeIs(11));
  EXPECT_THAT(std::get<absl::Span<const base::Ipv4Address>>(records_.answer[1].rdata),
              ElementsAre(base::Ipv4Address{10, 0, 0, 1}, base::Ipv4Address{10, 0, 0, 2}));
  EXPECT_THAT(std::get<absl::Span<const RawData>>(records_.answer[5].rdata), SizeIs(2));
  EXPECT_THAT(records_.authority, SizeIs(2));
  EXPECT_THAT(std::get<absl::Span<const NamePieces>>(records_.authority[0].rdata), SizeIs(2));
  EXPECT_THAT(records_.additional, SizeIs(2));

  ASSERT_TRUE(Read({.answer = {"a. 1 A 10.0.0.1", "a. 2 A 10.0.0.2", "b. 2 A 10.0.0.3", "a. 2 A 10.0.0.4"}}));
  EXPECT_THAT(records_.answer, SizeIs(4));
}

TEST_F(ReplyRecordsTest, ChangesAreWritten) {
  ASSERT_TRUE(Read({.answer = {"www.example.org. 300 CNAME web.example.org.", "web.example.org. 60 A 10.0.0.1"}}));
  records_.answer[0].owner = NamePieces(records_.Keep("\3www\7example\3com\0"sv));
  records_.answer[1].ttl = 5;
  EXPECT_THAT(Encode("www.example.com").answer,
              ElementsAre("www.example.com. 300 IN CNAME web.example.org.", "web.example.org. 5 IN A 10.0.0.1"));
}

// In hexadecimal; a question with which nothing can be compressed shows the rdata as it is.
TEST_F(ReplyRecordsTest, NamesInRdataAreWrittenOut) {
  const std::string question = "076578616d706c65036f726700";
  const std::string numbers = "0000000100000002000000030000000400000005";
  struct Case {
    std::string_view what;
    int type;
    std::string rdata;    // '@': a pointer to the question
    std::string written;  // '@': the question's name; empty: malformed
  };
  const Case kCases[] = {
      {"MB", 7, "@", "@"},
      {"MB, not all", 7, "@00", ""},
      {"MINFO", 14, "@@", "@@"},
      {"MINFO, one", 14, "@", ""},
      {"MX", 15, "000a@", "000a@"},
      {"MX, cut", 15, "000a", ""},
      {"MX, empty", 15, "", ""},
      {"RP", 17, "0161@0162@", "0161@0162@"},
      {"AFSDB", 18, "0001@", "0001@"},
      {"RT", 21, "0001@", "0001@"},
      {"PX", 26, "0001@@", "0001@@"},
      {"NAPTR", 35, "0001000201530161023132@", "0001000201530161023132@"},
      {"NAPTR, string beyond the end", 35, "0001000201530161ff3132@", ""},
      {"KX", 36, "0001@", "0001@"},
      {"DNAME", 39, "0161@", "0161@"},
      {"SIG", 24, std::string(36, '1') + "@dead", std::string(36, '1') + "@dead"},
      {"NXT", 30, "@beef", "@beef"},
      {"RRSIG, which is never compressed", 46, std::string(36, '1') + "c00c", std::string(36, '1') + "c00c"},
      {"SOA", 6, "@@" + numbers, "@@" + numbers},
      {"SOA, a number short", 6, "@@" + numbers.substr(8), ""},
      {"SOA, an octet long", 6, "@@" + numbers + "00", ""},
      {"A of three octets", 1, "010203", ""},
      {"A of none", 1, "", ""},
      {"AAAA of four", 28, "01020304", ""},
      {"CNAME of none", 5, "", ""},
      {"CNAME with a loop", 5, "c000", ""},
      {"SRV", 33, "000100020003@", "000100020003@"},
      {"SRV, cut", 33, "0001000200", ""},
      {"TXT of no string", 16, "", ""},
      {"TXT, the string beyond the end", 16, "0361", "0361"},
      {"unknown and empty", 65280, "", ""},
  };
  const auto with = [](std::string text, const std::string& name) {
    for (size_t at = 0; (at = text.find('@')) != std::string::npos;) text.replace(at, 1, name);
    return text;
  };
  for (const Case& c : kCases) {
    const std::string rdata = with(c.rdata, "c00c");
    const std::string line = absl::StrCat("a. 5 TYPE", c.type, " \\# ", rdata.size() / 2, " ", rdata);
    const bool may_be_empty = c.type == 16 || c.type == 65280;
    ASSERT_EQ(Read({.answer = {line}}, "example.org"), !c.written.empty() || may_be_empty) << c.what;
    if (c.written.empty() && !may_be_empty) {
      EXPECT_THAT(records_.answer, IsEmpty()) << c.what;
      continue;
    }
    const std::vector<uint8_t> packet = testing::MakeQuery(".", RecordType::kA);
    Query query;
    ASSERT_EQ(ParseQuery(packet, query), ParseOutcome::kQuery);
    std::vector<uint8_t> buffer(kMaxMessageLength);
    ResponseEncoder encoder;
    const size_t size = encoder.Encode(query, {.answer = records_.answer}, buffer.size(), absl::MakeSpan(buffer));
    const auto view = MessageView::Read({buffer.data(), size});
    ASSERT_TRUE(view.has_value() && view->count(Section::kAnswer) == 1) << c.what;
    const RecordView record = *view->records().begin();
    const std::string octets(reinterpret_cast<const char*>(buffer.data()) + record.rdata_at, record.rdata_length);
    EXPECT_EQ(absl::BytesToHexString(octets), with(c.written, question)) << c.what;
  }
}

TEST_F(ReplyRecordsTest, HoldsTheLargestReply) {
  ReplyParts parts;
  for (int i = 0; i < 1000; ++i) {
    parts.answer.push_back(absl::StrCat("host-", i, ".example.org. 60 MX 1 mail-", i, ".example.org."));
    parts.additional.push_back(absl::StrCat("mail-", i, ".example.org. 60 A 10.0.", i / 256, ".", i % 256));
  }
  ASSERT_TRUE(Read(parts));
  ASSERT_THAT(records_.answer, SizeIs(1000));
  ASSERT_THAT(records_.additional, SizeIs(1000));
  EXPECT_EQ(records_.answer[999].owner.ToName().ToText(), "host-999.example.org.");
  ASSERT_TRUE(Read({.answer = {"a. 1 A 10.0.0.1"}})) << "and is used again";
  EXPECT_THAT(Encode().answer, ElementsAre("a. 1 IN A 10.0.0.1"));
}

}  // namespace
}  // namespace podnamed::dns
