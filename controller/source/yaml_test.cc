#include "controller/source/yaml.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace podnamed::controller {
namespace {

using Kind = YamlValue::Kind;

// The tree as compact text: kind letters before scalars, [ ] and { } around collections; documents end with ";".
std::string ToText(const YamlValue& value) {
  std::string text;
  switch (value.kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBoolean:
      return BooleanOf(value) ? "true" : "false";
    case Kind::kNumber:
      return "#" + value.text;
    case Kind::kString:
      return "'" + value.text + "'";
    case Kind::kSequence:
      for (const YamlValue* item : value.items) text += (text.empty() ? "" : " ") + ToText(*item);
      return "[" + text + "]";
    case Kind::kMapping:
      for (size_t i = 0; i < value.keys.size(); ++i) {
        text += (text.empty() ? "" : " ") + value.keys[i]->text + ":" + ToText(*value.members[i]);
      }
      return "{" + text + "}";
  }
  return text;
}

std::string Read(std::string_view text) {
  std::string result;
  const absl::Status status = ReadYaml(text, [&](const YamlValue& root) {
    result += ToText(root) + ";";
    return absl::OkStatus();
  });
  return status.ok() ? result : result + std::string(status.message());
}

TEST(ReadYaml, TellsWordsFromNumbersAsKubernetesDoes) {
  EXPECT_EQ(Read("[80, \"80\", '80', !!str 80, web, 10.0.0.1, 1e3, .5, 0x50, 12:30, 2026-01-31]"),
            "[#80 '80' '80' '80' 'web' '10.0.0.1' #1e3 #.5 #0x50 '12:30' '2026-01-31'];");
  EXPECT_EQ(Read("[true, yes, On, y, false, NO, off, 'yes', yesterday]"),
            "[true true true true false false false 'yes' 'yesterday'];");
  EXPECT_EQ(Read("[null, ~, , 'null', Null]"), "[null null null 'null' null];");
  EXPECT_EQ(Read("[-, +, ., e5, 0x, 1e, 1.2.3, --1, 0xfg]"), "['-' '+' '.' 'e5' '0x' '1e' '1.2.3' '--1' '0xfg'];");
}

TEST(ReadYaml, JsonIsYaml) {
  EXPECT_EQ(Read("{\"a\":[1,\"x\\u00e9\\/\",true,null],\n\t\"b\":{\"c\":\"d\"}}"),
            "{a:[#1 'xé/' true null] b:{c:'d'}};");
}

TEST(ReadYaml, ReadsEveryDocumentThatIsNotEmpty) {
  EXPECT_EQ(Read("---\n# nothing\n---\na: 1\n---\n---\nb: 2\n...\n"), "{a:#1};{b:#2};");
  EXPECT_EQ(Read(""), "");
  EXPECT_EQ(Read("# only a comment\n"), "");
}

TEST(ReadYaml, AliasesStandForTheirAnchors) {
  EXPECT_EQ(Read("a: &x {b: 1}\nc: *x\n"), "{a:{b:#1} c:{b:#1}};");
  EXPECT_EQ(Read("base: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n"), "{base:{b:#1 c:#2} d:{c:#3 b:#1}};");
  EXPECT_EQ(Read("- &x {b: 1}\n- &y {b: 2, c: 2}\n- <<: [*x, *y]\n"), "[{b:#1} {b:#2 c:#2} {b:#1 c:#2}];");
}

TEST(ReadYaml, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(Read("a: 1\nb: [1, 2\n"), "3:1: not YAML: end of sequence flow not found");
  EXPECT_EQ(Read("a: 1\n  b: 2\n"), "2:4: not YAML: illegal map value");
  EXPECT_EQ(Read("a: 1\n---\na: \"x"), "{a:#1};3:6: not YAML: illegal EOF in scalar");
  EXPECT_EQ(Read("{a: b}, c"), "{a:'b'};1:7: not YAML: unexpected here");
  EXPECT_EQ(Read("a: *x\n"), "1:4: not YAML: the referenced anchor is not defined");
  EXPECT_EQ(Read("a: 1\nb: 2\na: 3\n"),
            "3:1: found the key \"a\" a second time, expected it once (it is in line 1 as well)");
  EXPECT_EQ(Read("a: \xff\n"), "1:4: found octets that are no UTF-8, expected text");
  EXPECT_EQ(Read("a: '\xed\xa0\x80'\n"), "1:4: found octets that are no UTF-8, expected text");
  EXPECT_EQ(Read("a: \"\\xff \xf0\x9f\x98\x80\"\n"), "{a:'\xc3\xbf \xf0\x9f\x98\x80'};");
  EXPECT_EQ(Read("? [a]\n: 1\n"), "1:3: found a list as a key, expected a word");
  EXPECT_EQ(Read("a: &x [*x]\n"), "1:8: found an alias inside of the value that it stands for");
  EXPECT_EQ(Read("a:\n  <<: 1\n"), "2:7: found 1 at a merge key (<<), expected a mapping");
}

TEST(ReadYaml, KnowsWhereEachValueStands) {
  const absl::Status status =
      ReadYaml("---\nmetadata:\n  name: web-0\n  ports: [80,  90]\n", [](const YamlValue& root) {
        const YamlValue* metadata = root.Find("metadata");
        EXPECT_EQ(root.line, 2);
        EXPECT_EQ(metadata->line, 3);
        EXPECT_EQ(metadata->Find("name")->line, 3);
        EXPECT_EQ(metadata->Find("name")->column, 9);
        EXPECT_EQ(metadata->Find("ports")->items[1]->column, 16);
        EXPECT_EQ(metadata->Find("uid"), nullptr);
        return absl::OkStatus();
      });
  EXPECT_TRUE(status.ok()) << status;
}

TEST(ReadYaml, ABillionLaughsAreTooMany) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string alias = absl::StrCat("*a", i - 1);
    absl::StrAppend(&text, "a", i, ": &a", i, " [", alias, ", ", alias, ", ", alias, ", ", alias, ", ", alias, ", ",
                    alias, ", ", alias, ", ", alias, ", ", alias, ", ", alias, "]\n");
  }
  EXPECT_EQ(Read(text), "7:20: found too many values in one document, expected at most 4000000");
}

TEST(ReadYaml, DeepNestingIsAnErrorAndNoCrash) {
  std::string lists;
  std::string mappings;
  for (size_t depth = 0; depth < 2000; ++depth) {
    absl::StrAppend(&lists, std::string(depth, ' '), "-\n");
    absl::StrAppend(&mappings, std::string(depth, ' '), "a:\n");
  }
  EXPECT_NE(Read(lists).find("not YAML: nested too deep"), std::string::npos);
  EXPECT_NE(Read(mappings).find("not YAML: nested too deep"), std::string::npos);
  EXPECT_EQ(Read(std::string(100'000, '[')), "1:1: found a list as a key, expected a word");
  EXPECT_EQ(Read(std::string(100'000, '{')), "1:1: found a mapping as a key, expected a word");
}

TEST(ParseWholeNumber, TakesDecimalsAndHexadecimals) {
  const auto parse = [](std::string_view text) {
    int64_t number = -1;
    EXPECT_TRUE(ReadYaml(text, [&](const YamlValue& root) {
                  if (!ParseWholeNumber(root, &number)) number = -1;
                  return absl::OkStatus();
                }).ok());
    return number;
  };
  EXPECT_EQ(parse("80"), 80);
  EXPECT_EQ(parse("+80"), 80);
  EXPECT_EQ(parse("0x50"), 80);
  EXPECT_EQ(parse("0"), 0);
  for (std::string_view text : {"080", "80.0", "8e1", "'80'", "http", "0x-1", "99999999999999999999", "[80]"}) {
    EXPECT_EQ(parse(text), -1) << text;
  }
}

}  // namespace
}  // namespace podnamed::controller
