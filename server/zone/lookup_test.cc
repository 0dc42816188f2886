#include "server/zone/lookup.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/dns/query.h"
#include "server/dns/response.h"
#include "server/testing/dns_message.h"
#include "server/zone/zone_file.h"

namespace podnamed::zone {
namespace {

constexpr std::string_view kZone = R"(
$TTL 60
@            SOA   ns hostmaster 7 3600 600 86400 30
             NS    ns
             NS    ns.elsewhere.
             MX    10 mail
             MX    20 mail.elsewhere.
ns           A     10.0.0.1
mail         A     10.0.0.2
             AAAA  fd00::2
www          A     10.0.0.3
             A     10.0.0.4
alias        CNAME www
alias2       CNAME alias
out          CNAME www.elsewhere.
lost         CNAME nothing
loop         CNAME loop2
loop2        CNAME loop
*.wild       A     10.0.0.5
             TXT   "wild"
a.b.wild     A     10.0.0.6
*.walias     CNAME www
deep.empty   A     10.0.0.7
_x._tcp      SRV   0 0 80 www
             SRV   0 0 80 any.wild
sub          NS    ns.sub
             NS    ns
ns.sub       A     10.0.0.8
below.sub    A     10.0.0.9
intosub      CNAME x.sub
old          DNAME new
www.new      A     10.0.0.10
oldout       DNAME elsewhere.
)";

class LookupTest : public ::testing::Test {
 protected:
  LookupTest() { Load(kZone); }

  void Load(std::string_view text) {
    absl::StatusOr<LoadedZone> loaded = ReadZoneFile("db", text, dns::Name::FromText("example.org.").value(),
                                                     [](const std::string&) { return absl::NotFoundError("none"); });
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    zone_ = std::move(loaded->zone);
  }

  // "NOERROR aa | answer | authority | additional → name that is outside"; the zone's own NS records are left out.
  std::string Ask(std::string_view name, dns::RecordType type = dns::RecordType::kA, bool dnssec_ok = false) {
    const std::vector<uint8_t> packet = testing::MakeQuery(
        absl::StrCat(std::string(name), name.ends_with('.') ? "" : ".example.org."), type,
        {.edns_size = dnssec_ok ? std::optional<uint16_t>(4096) : std::nullopt, .dnssec_ok = dnssec_ok});
    dns::Query query;
    dns::ParseQuery(packet, query);
    resolve::Answer answer;
    last_ = Lookup(*zone_, {query.name, type, dnssec_ok}, answer);
    std::vector<uint8_t> buffer(dns::kMaxMessageLength);
    dns::ResponseEncoder encoder;
    buffer.resize(encoder.Encode(query,
                                 {.rcode = last_.rcode,
                                  .authoritative = last_.authoritative,
                                  .answer = answer.answer,
                                  .authority = answer.authority,
                                  .additional = answer.additional},
                                 buffer.size(), absl::MakeSpan(buffer)));
    const testing::Message reply = testing::ParseMessage(buffer).value();
    std::string text(dns::NameOf(reply.rcode));
    if (reply.authoritative) text += " aa";
    for (const auto* section : {&reply.answer, &reply.authority, &reply.additional}) {
      std::vector<std::string> lines;
      for (std::string line : *section) {
        if (line.starts_with("example.org. 60 IN NS ") && section == &reply.authority) line = "NS";
        if (line == "NS" && !lines.empty() && lines.back() == line) continue;
        lines.push_back(line);
      }
      absl::StrAppend(&text, " | ", absl::StrJoin(lines, ", "));
    }
    while (text.ends_with(" | ")) text.resize(text.size() - 3);
    if (!last_.outside.empty()) absl::StrAppend(&text, " -> ", dns::NameToText(last_.outside));
    return text;
  }

  std::unique_ptr<const Zone> zone_;
  ZoneReply last_;
};

using enum dns::RecordType;

constexpr std::string_view kSoaText =
    "example.org. 30 IN SOA ns.example.org. hostmaster.example.org. 7 3600 600 86400 30";

std::string Negative(std::string_view start) { return absl::StrCat(std::string(start), " | ", std::string(kSoaText)); }

TEST_F(LookupTest, AnswersWhatIsThere) {
  EXPECT_EQ(Ask("www"), "NOERROR aa | www.example.org. 60 IN A 10.0.0.3, www.example.org. 60 IN A 10.0.0.4 | NS");
  EXPECT_EQ(Ask("WWW"), "NOERROR aa | WWW.example.org. 60 IN A 10.0.0.3, WWW.example.org. 60 IN A 10.0.0.4 | NS");
  EXPECT_EQ(Ask("example.org.", kSoa),
            "NOERROR aa | example.org. 60 IN SOA ns.example.org. hostmaster.example.org. 7 3600 600 86400 30 | NS");
  EXPECT_EQ(Ask("example.org.", kNs),
            "NOERROR aa | example.org. 60 IN NS ns.example.org., example.org. 60 IN NS ns.elsewhere. |  | "
            "ns.example.org. 60 IN A 10.0.0.1");
  EXPECT_EQ(Ask("example.org.", kMx),
            "NOERROR aa | example.org. 60 IN MX 10 mail.example.org., example.org. 60 IN MX 20 mail.elsewhere. | NS | "
            "mail.example.org. 60 IN A 10.0.0.2, mail.example.org. 60 IN AAAA fd00::2");
  EXPECT_EQ(
      Ask("_x._tcp", kSrv),
      "NOERROR aa | _x._tcp.example.org. 60 IN SRV 0 0 80 www.example.org., _x._tcp.example.org. 60 IN SRV 0 0 80 "
      "any.wild.example.org. | NS | www.example.org. 60 IN A 10.0.0.3, www.example.org. 60 IN A 10.0.0.4, "
      "any.wild.example.org. 60 IN A 10.0.0.5");
}

TEST_F(LookupTest, DeniesWhatIsNot) {
  EXPECT_EQ(Ask("www", kAaaa), Negative("NOERROR aa | "));
  EXPECT_TRUE(last_.has_records);
  EXPECT_EQ(Ask("nothing"), Negative("NXDOMAIN aa | "));
  EXPECT_FALSE(last_.has_records);
  EXPECT_EQ(Ask("below.www"), Negative("NXDOMAIN aa | "));
  EXPECT_EQ(Ask("empty"), Negative("NOERROR aa | "));
  EXPECT_FALSE(last_.has_records);
  EXPECT_EQ(Ask("www", kAny), Negative("NOERROR aa | "));
}

TEST_F(LookupTest, WildcardsStandForWhatDoesNotExist) {
  EXPECT_EQ(Ask("any.wild"), "NOERROR aa | any.wild.example.org. 60 IN A 10.0.0.5 | NS");
  EXPECT_EQ(Ask("x.y.wild"), "NOERROR aa | x.y.wild.example.org. 60 IN A 10.0.0.5 | NS");
  EXPECT_EQ(Ask("*.wild"), "NOERROR aa | *.wild.example.org. 60 IN A 10.0.0.5 | NS");
  EXPECT_EQ(Ask("any.wild", kMx), Negative("NOERROR aa | "));
  EXPECT_FALSE(last_.has_records);
  EXPECT_EQ(Ask("b.wild"), Negative("NOERROR aa | ")) << "an empty name is no room for a wildcard";
  EXPECT_EQ(Ask("c.b.wild"), Negative("NXDOMAIN aa | ")) << "nor are names below it";
  EXPECT_EQ(Ask("x.walias"),
            "NOERROR aa | x.walias.example.org. 60 IN CNAME www.example.org., www.example.org. 60 IN A 10.0.0.3, "
            "www.example.org. 60 IN A 10.0.0.4 | NS");
}

TEST_F(LookupTest, FollowsAliases) {
  EXPECT_EQ(Ask("alias2"),
            "NOERROR aa | alias2.example.org. 60 IN CNAME alias.example.org., alias.example.org. 60 IN CNAME "
            "www.example.org., www.example.org. 60 IN A 10.0.0.3, www.example.org. 60 IN A 10.0.0.4 | NS");
  EXPECT_EQ(Ask("alias", kCname), "NOERROR aa | alias.example.org. 60 IN CNAME www.example.org. | NS");
  EXPECT_EQ(Ask("alias", kTxt), Negative("NOERROR aa | alias.example.org. 60 IN CNAME www.example.org."));
  EXPECT_EQ(Ask("lost"), Negative("NXDOMAIN aa | lost.example.org. 60 IN CNAME nothing.example.org."));
  EXPECT_TRUE(last_.has_records);
  EXPECT_EQ(Ask("out"), "NOERROR aa | out.example.org. 60 IN CNAME www.elsewhere. | NS -> www.elsewhere.");
  EXPECT_EQ(Ask("out", kCname), "NOERROR aa | out.example.org. 60 IN CNAME www.elsewhere. | NS");
  const std::string loop = Ask("loop");
  EXPECT_TRUE(loop.starts_with("NOERROR aa | loop.example.org. 60 IN CNAME loop2.example.org., ")) << loop;
  EXPECT_LT(loop.size(), 1000);
}

TEST_F(LookupTest, RefersToDelegations) {
  constexpr std::string_view kReferral =
      "NOERROR |  | sub.example.org. 60 IN NS ns.sub.example.org., sub.example.org. 60 IN NS ns.example.org. | "
      "ns.sub.example.org. 60 IN A 10.0.0.8, ns.example.org. 60 IN A 10.0.0.1";
  EXPECT_EQ(Ask("sub"), kReferral);
  EXPECT_EQ(Ask("sub", kNs), kReferral);
  EXPECT_EQ(Ask("below.sub"), kReferral);
  EXPECT_EQ(Ask("x.y.sub", kTxt), kReferral);
  EXPECT_EQ(Ask("sub", dns::RecordType::kDs), Negative("NOERROR aa | "));
  EXPECT_TRUE(
      Ask("intosub").starts_with("NOERROR aa | intosub.example.org. 60 IN CNAME x.sub.example.org. | "
                                 "sub.example.org. 60 IN NS ns.sub.example.org."));
}

TEST_F(LookupTest, SubstitutesBelowDname) {
  EXPECT_EQ(Ask("www.old"),
            "NOERROR aa | old.example.org. 60 IN DNAME \\# 17 036e6577076578616d706c65036f726700, "
            "www.old.example.org. 60 IN CNAME www.new.example.org., www.new.example.org. 60 IN A 10.0.0.10 | NS");
  EXPECT_EQ(Ask("old"), Negative("NOERROR aa | "));
  EXPECT_EQ(Ask("x.oldout"),
            "NOERROR aa | oldout.example.org. 60 IN DNAME \\# 11 09656c7365776865726500, "
            "x.oldout.example.org. 60 IN CNAME x.elsewhere. | NS -> x.elsewhere.");
  Load(absl::StrCat("@ 60 SOA a b 1 2 3 4 5\nx DNAME ", std::string(60, 'a'), ".", std::string(60, 'b'), ".",
                    std::string(60, 'c'), "\n"));
  EXPECT_TRUE(Ask(absl::StrCat(std::string(60, 'd'), ".x")).starts_with("YXDOMAIN aa | x.example.org. 60 IN DNAME"));
}

TEST_F(LookupTest, SignaturesComeToThoseWhoWantThem) {
  Load(R"(
@         60 SOA   ns hostmaster 7 3600 600 86400 30
@            RRSIG SOA 8 2 60 20300101000000 20200101000000 1 example.org. AAAA
@            NS    ns
@            RRSIG NS 8 2 60 20300101000000 20200101000000 1 example.org. AAAA
@            NSEC  a SOA NS RRSIG NSEC
a            A     10.0.0.1
a            RRSIG A 8 3 60 20300101000000 20200101000000 1 example.org. AAAA
a            NSEC  *.w A RRSIG NSEC
sub          NS    ns.sub
sub          NSEC  @ NS RRSIG NSEC
*.w          A     10.0.0.2
*.w          RRSIG A 8 3 60 20300101000000 20200101000000 1 example.org. AAAA
*.w          NSEC  sub A RRSIG NSEC
)");
  const auto types_of = [this](std::string_view name, dns::RecordType type) {
    std::string types;
    const std::string reply = Ask(name, type, true);
    for (const char* word : {" IN SOA ", " IN NS ", " IN RRSIG ", " IN NSEC ", " IN A "}) {
      size_t count = 0;
      for (size_t at = reply.find(word); at != std::string::npos; at = reply.find(word, at + 1)) ++count;
      if (count > 0)
        absl::StrAppend(&types, types.empty() ? "" : ", ", count, " ", absl::StripAsciiWhitespace(word + 4));
    }
    return types;
  };
  EXPECT_EQ(Ask("a"), "NOERROR aa | a.example.org. 60 IN A 10.0.0.1 | NS") << "without DO nothing of it";
  EXPECT_EQ(types_of("a", kA), "2 RRSIG, 1 A");
  EXPECT_EQ(types_of("a", kTxt), "1 SOA, 1 RRSIG, 1 NSEC");
  EXPECT_EQ(types_of("nothing", kA), "1 SOA, 1 RRSIG, 2 NSEC") << "of the name, and of the wildcard";
  EXPECT_EQ(types_of("x.w", kA), "2 RRSIG, 1 NSEC, 1 A") << "no closer name";
  EXPECT_EQ(types_of("x.sub", kA), "1 NS, 1 NSEC") << "no DS";
}

}  // namespace
}  // namespace podnamed::zone
