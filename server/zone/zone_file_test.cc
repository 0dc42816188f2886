#include "server/zone/zone_file.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/dns/rdata_text.h"

namespace podnamed::zone {
namespace {

constexpr std::string_view kSoa = "@ 60 IN SOA ns hostmaster 1 2 3 4 30\n";

class ZoneFileTest : public ::testing::Test {
 protected:
  absl::StatusOr<LoadedZone> Load(std::string_view text, const std::string& path = "db") {
    return ReadZoneFile(path, text, dns::Name::FromText("example.org.").value(),
                        [this](const std::string& name) -> absl::StatusOr<std::string> {
                          const auto file = files_.find(name);
                          if (file == files_.end()) return absl::NotFoundError("No such file or directory");
                          return file->second;
                        });
  }

  // The records behind the SOA, "owner TTL TYPE" with the octets of their rdata; or the errors.
  std::string Records(std::string_view text, const std::string& path = "db") {
    const absl::StatusOr<LoadedZone> loaded = Load(absl::StrCat(std::string(kSoa), std::string(text)), path);
    if (!loaded.ok()) return std::string(loaded.status().message());
    std::string records;
    const Zone& zone = *loaded->zone;
    for (const Zone::Node& node : zone.nodes()) {
      for (const Zone::Set& set : zone.SetsOf(node)) {
        if (set.type == dns::RecordType::kSoa) continue;
        for (size_t i = 0; i < set.count; ++i) {
          const std::string owner = dns::NameToText(node.name);
          absl::StrAppend(&records, owner, " ", set.ttl, " ", dns::NameOf(set.type), "\n");
        }
      }
    }
    return records;
  }

  std::map<std::string, std::string> files_;
};

TEST_F(ZoneFileTest, ReadsWhatRfc1035Writes) {
  EXPECT_EQ(Records("www A 10.0.0.1\n"), "www.example.org. 60 A\n");
  EXPECT_EQ(Records("$TTL 1h\nwww A 10.0.0.1\n  AAAA fd00::1\n\n\t120 IN A 10.0.0.2 ; a comment\n"),
            "www.example.org. 120 A\nwww.example.org. 120 A\nwww.example.org. 3600 AAAA\n")
      << "a set has the least TTL of its records";
  EXPECT_EQ(Records("a 5 IN A 10.0.0.1\nb IN 6 A 10.0.0.1\nc 7 A 10.0.0.1\nd IN A 10.0.0.1\ne A 10.0.0.1"),
            "a.example.org. 5 A\nb.example.org. 6 A\nc.example.org. 7 A\nd.example.org. 7 A\ne.example.org. 7 A\n");
  EXPECT_EQ(Records("$ORIGIN sub\nwww A 10.0.0.1\n@ A 10.0.0.1\n$ORIGIN example.org.\nx A 10.0.0.1\n"),
            "sub.example.org. 60 A\nwww.sub.example.org. 60 A\nx.example.org. 60 A\n");
  EXPECT_EQ(Records("www TXT ( \"a ; ( b\" ; no comment\n   \"c\" )\nx A (\n10.0.0.1 )\n"),
            "www.example.org. 60 TXT\nx.example.org. 60 A\n");
  EXPECT_EQ(Records("WWW A 10.0.0.1\nwww A 10.0.0.1\nwww a 10.0.0.2\n"),
            "www.example.org. 60 A\nwww.example.org. 60 A\n")
      << "equal records are one";
  EXPECT_EQ(Records("a\\.b A 10.0.0.1\r\n*.x A 10.0.0.1\r\n"), "a\\.b.example.org. 60 A\n*.x.example.org. 60 A\n");
  EXPECT_EQ(Records("x TYPE65280 \\# 1 ff\nx TYPE1 \\# 4 0a000001\n"),
            "x.example.org. 60 A\nx.example.org. 60 TYPE65280\n");
}

TEST_F(ZoneFileTest, IncludesAndGenerates) {
  files_ = {{"/etc/zones/hosts", "www A 10.0.0.1\n$INCLUDE deep/more\nlast A 10.0.0.1\n"},
            {"/etc/zones/deep/more", "more A 10.0.0.1\n"}};
  EXPECT_EQ(Records("$INCLUDE hosts sub\nx A 10.0.0.1\n", "/etc/zones/db"),
            "last.sub.example.org. 60 A\nmore.sub.example.org. 60 A\nwww.sub.example.org. 60 A\nx.example.org. 60 A\n");
  EXPECT_EQ(Records("$GENERATE 9-11/2 host-${0,3,d} 30 A 10.0.0.$\n"),
            "host-009.example.org. 30 A\nhost-011.example.org. 30 A\n");
  EXPECT_EQ(Records("$GENERATE 254-255 x${1,2,x} CNAME a$$\n"),
            "x100.example.org. 60 CNAME\nxff.example.org. 60 CNAME\n");
}

TEST_F(ZoneFileTest, SaysWhatIsWrongAndWhere) {
  const struct {
    std::string_view text;
    std::string_view error;
  } cases[] = {
      {"www A 10.0.0\n", "db:2:7: A: \"10.0.0\"; expected an IPv4 address"},
      {"www A\n", "db:2:6: A: the end; expected an IPv4 address"},
      {"www 60 IN\n", "db:2:10: the end; expected a TTL, IN, or the type of a record"},
      {"www WKS 1\n", "db:2:5: \"WKS\"; expected a TTL, IN, or the type of a record"},
      {"www CH A 10.0.0.1\n", "db:2:5: \"CH\"; expected class IN"},
      {"www 3000000000 A 10.0.0.1\n",
       "db:2:5: \"3000000000\"; expected a TTL of at most 2147483647 seconds, such as 3600 or 1h"},
      {"a..b A 10.0.0.1\n", "db:2:1: name \"a..b\": label 2 is empty"},
      {"www TXT \"a\n", "db:2:9: a quote that is not closed on its line; expected a second one"},
      {"www A 10.0.0.1 )\nx A y\n", "db:2:16: \")\" without \"(\"\ndb:3:5: A: \"y\"; expected an IPv4 address"},
      {"www A ( 10.0.0.1\n", "db:2:7: \"(\" without \")\" up to the end of the file"},
      {"$TTL\n",
       "db:2:1: \"$TTL\"; expected \"$ORIGIN NAME\", \"$TTL SECONDS\", \"$INCLUDE FILE [ORIGIN]\" or \"$GENERATE "
       "FIRST-LAST[/STEP] OWNER [TTL] [IN] TYPE RDATA\""},
      {"$TTL x\n", "db:2:6: \"x\"; expected at most 2147483647 seconds, such as 3600 or 1h"},
      {"$INCLUDE none\n", "db:2:10: none cannot be read: No such file or directory"},
      {"$GENERATE 2-1 a A 10.0.0.1\n",
       "db:2:11: \"2-1\"; expected \"FIRST-LAST\" or \"FIRST-LAST/STEP\", at most 65536 records"},
      {"$GENERATE 1-2 a${x} A 10.0.0.1\n",
       "db:2:15: \"a${x}\"; expected \"$\" or \"${OFFSET,WIDTH,BASE}\", of base d, o, x or X, and no negative number"},
      {"@ SOA a. b. 1 2 3 4 5\n", "db:2:1: a second SOA; expected one"},
      {"x NSEC3PARAM \\# 0\n", "db:2:1: NSEC3PARAM is not supported; expected a zone signed with NSEC, or not signed"},
      {"x CNAME a\nx A 10.0.0.1\n", "db: x.example.org. has a CNAME and A; expected nothing beside a CNAME"},
      {"x CNAME a\nx CNAME b\n", "db: x.example.org. has several CNAME records; expected one"},
  };
  for (const auto& test : cases) EXPECT_EQ(Records(test.text), test.error) << test.text;
}

TEST_F(ZoneFileTest, NeedsAnSoaAtItsOrigin) {
  EXPECT_EQ(Load("www 60 A 10.0.0.1\n").status().message(), "db: no SOA of example.org.; expected one");
  EXPECT_EQ(Load("a.b. 60 SOA a. b. 1 2 3 4 5\n").status().message(), "db: no SOA of example.org.; expected one");
  EXPECT_EQ(Load("www 60 SOA a. b. 1 2 3 4 5\n").status().message(),
            "db:1:1: SOA of www.example.org.; expected the zone's, example.org.");
  EXPECT_EQ(Load(" A 10.0.0.1\n").status().message(),
            "db:1:2: a record without an owner, and none before it; expected a name in front");
  EXPECT_EQ(Load("www A 10.0.0.1\n").status().message(),
            "db:1:1: a record without TTL, and none before it; expected a TTL, or $TTL above");
  const absl::StatusOr<LoadedZone> loaded = Load("@ SOA a. b. 7 2 3 4 5\nw A 10.0.0.1\n");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->zone->soa().serial, 7);
  EXPECT_EQ(loaded->zone->SetsOf(loaded->zone->nodes().back()).front().ttl, 5) << "the SOA's minimum";
}

TEST_F(ZoneFileTest, PassesOverWhatIsOutside) {
  const absl::StatusOr<LoadedZone> loaded =
      Load(absl::StrCat(std::string(kSoa), "a.org. A 10.0.0.1\nb.org. A 10.0.0.1\n"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->zone->record_count(), 1);
  EXPECT_EQ(loaded->warnings, std::vector<std::string>{"db:2:1: a record outside of the zone example.org. is passed "
                                                       "over; there are 2 of them"});
}

TEST_F(ZoneFileTest, AnIncludeThatIncludesItselfEnds) {
  files_ = {{"db", "$INCLUDE db\n"}};
  EXPECT_EQ(Load("$INCLUDE db\n").status().message(),
            "db:1:1: one $INCLUDE too many; expected at most 7 inside each other, and 1000 in all");
}

}  // namespace
}  // namespace podnamed::zone
