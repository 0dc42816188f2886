#include "server/dns/name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace podnamed::dns {
namespace {

using std::literals::operator""s;
using std::literals::operator""sv;
using ::testing::HasSubstr;

// A name of labels of the given lengths, in text without the final dot.
std::string NameOfLabels(std::initializer_list<size_t> lengths) {
  std::string text;
  for (const size_t length : lengths) text += (text.empty() ? "" : ".") + std::string(length, 'x');
  return text;
}

TEST(Name, ReadsAndWritesPresentationForm) {
  struct Case {
    std::string_view text;
    std::string wire;
    std::string_view canonical;
  };
  const Case kCases[] = {
      {".", "\0"s, "."},
      {"web-0.nginx", "\5web-0\5nginx\0"s, "web-0.nginx."},
      {"cluster.local.", "\7cluster\5local\0"s, "cluster.local."},
      {"Web-0.NGINX.", "\5Web-0\5NGINX\0"s, "Web-0.NGINX."},
      {R"(a\.b.c.)", "\3a.b\1c\0"s, R"(a\.b.c.)"},
      {R"(a\\b.)", "\3a\\b\0"s, R"(a\\b.)"},
      {R"(\000\032\255.)", "\3\0 \xff\0"s, R"(\000\032\255.)"},
      {R"(\097bc.)", "\3abc\0"s, "abc."},
      {R"(\*.x.)", "\1*\1x\0"s, "*.x."},
      {"a b.", "\3a b\0"s, R"(a\032b.)"},
      {R"(quo"te;.)", "\7quo\"te;\0"s, R"(quo\"te\;.)"},
      {"_http._tcp.nginx.", "\5_http\4_tcp\5nginx\0"s, "_http._tcp.nginx."},
  };
  for (const Case& c : kCases) {
    const auto name = Name::FromText(c.text);
    ASSERT_TRUE(name.ok()) << name.status();
    EXPECT_EQ(name->wire(), c.wire) << c.text;
    EXPECT_EQ(name->ToText(), c.canonical) << c.text;
    EXPECT_EQ(Name::FromText(name->ToText()).value(), *name) << c.text;
  }
}

TEST(Name, EveryOctetSurvivesPresentationForm) {
  for (int octet = 0; octet < 256; ++octet) {
    const Name name = Name::FromWire({std::string("\1") + static_cast<char>(octet) + '\0'});
    EXPECT_EQ(Name::FromText(name.ToText()).value(), name) << octet;
  }
}

TEST(Name, LongestLabelAndLongestNameAreAccepted) {
  EXPECT_TRUE(Name::FromText(NameOfLabels({63})).ok());
  const auto longest = Name::FromText(NameOfLabels({63, 63, 63, 61}));
  ASSERT_TRUE(longest.ok()) << longest.status();
  EXPECT_EQ(longest->wire().size(), kMaxNameLength);
  EXPECT_TRUE(Name::FromText(NameOfLabels({63, 63, 63, 61}) + ".").ok());
}

TEST(Name, ErrorSaysWhichLabelAndWhy) {
  struct Case {
    std::string text;
    std::string_view error;
  };
  const Case kCases[] = {
      {"", "is empty"},
      {"..", "label 1 is empty"},
      {".a", "label 1 is empty"},
      {"a..b", "label 2 is empty"},
      {"a.b..", "label 3 is empty"},
      {"a." + NameOfLabels({64}), "label 2 has 64 octets, at most 63 are allowed"},
      {NameOfLabels({63, 63, 63, 62}), "has 256 octets in wire form, at most 255 are allowed"},
      {"a\\", "label 1 has a bad escape"},
      {"x.a\\25", "label 2 has a bad escape"},
      {"a\\256", "label 1 has a bad escape"},
      {"a\\2x5", "label 1 has a bad escape"},
  };
  for (const Case& c : kCases) {
    const auto name = Name::FromText(c.text);
    ASSERT_FALSE(name.ok()) << c.text;
    EXPECT_THAT(std::string(name.status().message()), HasSubstr(std::string(c.error))) << c.text;
  }
}

TEST(Name, FoldsAsciiLettersOnly) {
  EXPECT_EQ(Name::FromText("WEB-0.Nginx")->Folded(), Name::FromText("web-0.nginx").value());
  const Name high = Name::FromWire("\2\xC4Z\0"sv);
  EXPECT_EQ(high.Folded().wire(), "\2\xC4z\0"sv);
}

TEST(Name, FoldsEveryOctetAtEveryPlaceAsFoldCaseDoes) {
  for (size_t length = 1; length <= 17; ++length) {
    for (int octet = 0; octet < 256; ++octet) {
      const std::string wire = static_cast<char>(length) + std::string(length, static_cast<char>(octet)) + '\0';
      const char folded = static_cast<char>(FoldCase(static_cast<uint8_t>(octet)));
      const std::string expected = static_cast<char>(length) + std::string(length, folded) + '\0';
      ASSERT_EQ(Name::FromWire(wire).Folded().wire(), expected) << length << " times " << octet;
      ASSERT_TRUE(EqualIgnoringCase(wire, expected));
    }
  }
}

TEST(Name, CountsLabels) {
  EXPECT_EQ(Name().label_count(), 0u);
  EXPECT_EQ(Name::FromText("a.b.c")->label_count(), 3u);
}

TEST(Name, IsAtOrBelowGoesByWholeLabels) {
  const Name zone = Name::FromText("cluster.local").value();
  EXPECT_TRUE(Name::FromText("cluster.local")->IsAtOrBelow(zone));
  EXPECT_TRUE(Name::FromText("a.cluster.local")->IsAtOrBelow(zone));
  EXPECT_TRUE(Name::FromText("a.cluster.local")->IsAtOrBelow(Name()));
  EXPECT_FALSE(Name::FromText("acluster.local")->IsAtOrBelow(zone));
  EXPECT_FALSE(Name::FromText("local")->IsAtOrBelow(zone));
  // Its one label ends in octets that read like the zone.
  EXPECT_FALSE(Name::FromWire("\x10x\7cluster\5local\0\0"sv).IsAtOrBelow(zone));
}

TEST(NameToText, ForgivesAMissingRoot) {
  EXPECT_EQ(NameToText(""), ".");
  EXPECT_EQ(NameToText("\5web-0"), "web-0.");
}

TEST(NamePieces, JoinInOrder) {
  EXPECT_EQ(NamePieces("\5web-0", "\5nginx\7default", "\3svc\0"sv).ToName().ToText(), "web-0.nginx.default.svc.");
  EXPECT_EQ(NamePieces("\3ns1", "\7cluster\0"sv).size(), 13u);
}

TEST(QueryName, IndexesAndFoldsInOnePass) {
  const std::string octets = "\5WeB-0\5nginx\7CLUSTER\0 what follows"s;
  QueryName name;
  ASSERT_EQ(name.Read(octets), 21u);
  EXPECT_EQ(name.original(), "\5WeB-0\5nginx\7CLUSTER\0"sv);
  EXPECT_EQ(name.folded(), "\5web-0\5nginx\7cluster\0"sv);
  ASSERT_EQ(name.label_count(), 3u);
  EXPECT_EQ(name.label(0), "web-0");
  EXPECT_EQ(name.label(2), "cluster");
  EXPECT_EQ(name.label_start(1), 6u);
  EXPECT_EQ(name.label_start(3), 20u);
}

TEST(QueryName, ReadsTheRoot) {
  QueryName name;
  EXPECT_EQ(name.Read("\0"sv), 1u);
  EXPECT_EQ(name.label_count(), 0u);
  EXPECT_EQ(name.folded(), "\0"sv);
}

TEST(QueryName, ReadsTheLongestNamesAndNoLonger) {
  QueryName name;
  const Name longest = Name::FromText(NameOfLabels({63, 63, 63, 61})).value();
  EXPECT_EQ(name.Read(longest.wire()), 255u);
  std::string most_labels;
  for (size_t i = 0; i < kMaxLabels; ++i) most_labels += "\1x";
  EXPECT_EQ(name.Read(most_labels + '\0'), 255u);
  EXPECT_EQ(name.label_count(), kMaxLabels);
  EXPECT_EQ(name.label(126), "x");
  EXPECT_EQ(name.Read(most_labels + "\1x" + '\0'), 0u);
  EXPECT_EQ(name.Read("\1y" + std::string(longest.wire())), 0u);
  EXPECT_EQ(name.Read(std::string("\2yy") + most_labels.substr(2) + '\0'), 0u);
}

TEST(QueryName, RefusesWhatIsNoUncompressedName) {
  QueryName name;
  for (std::string_view octets : {""sv, "\5web"sv, "\5web-0"sv, "\xC0\x0C"sv, "\1a\xC0\x0C"sv, "\x40x"sv, "\x80x"sv}) {
    EXPECT_EQ(name.Read(octets), 0u) << ::testing::PrintToString(octets);
  }
}

TEST(QueryName, CountsTheLabelsAboveAZone) {
  QueryName name;
  const std::string octets = "\5web-0\5Nginx\7Cluster\5local\0"s;
  ASSERT_NE(name.Read(octets), 0u);
  EXPECT_EQ(name.LabelsAbove("\7cluster\5local\0"sv), 2u);
  EXPECT_EQ(name.LabelsAbove("\7CLUSTER\5local\0"sv), 2u);
  EXPECT_EQ(name.LabelsAbove("\5web-0\5nginx\7cluster\5local\0"sv), 0u);
  EXPECT_EQ(name.LabelsAbove("\0"sv), 4u);
  EXPECT_EQ(name.LabelsAbove("\6luster\5local\0"sv), std::nullopt);
  EXPECT_EQ(name.LabelsAbove("\5other\5local\0"sv), std::nullopt);
  EXPECT_EQ(name.LabelsAbove("\1a\5web-0\5nginx\7cluster\5local\0"sv), std::nullopt);
}

TEST(QueryName, AZoneInsideALabelIsNotAbove) {
  QueryName name;
  const std::string octets = "\4x\2ab\0"s;
  ASSERT_EQ(name.Read(octets), 6u);
  EXPECT_EQ(name.LabelsAbove("\2ab\0"sv), std::nullopt);
}

}  // namespace
}  // namespace podnamed::dns
