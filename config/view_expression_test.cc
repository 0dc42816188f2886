#include "config/view_expression.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/fake_environment.h"
#include "config/options.h"

namespace podnamed::config {
namespace {

struct FakeQuery final : ViewExpression::Query {
  void Append(Text field, std::string& text) const override {
    static constexpr const char* kTexts[] = {"abc.x.example.com.", "AAAA", "IN", "udp", "40000", "53"};
    text += kTexts[static_cast<size_t>(field)];
  }
  void AppendMetadata(std::string_view label, std::string& text) const override {
    text.append("<").append(label).append(">");
  }
  int64_t number(Number field) const override { return 100 + static_cast<int64_t>(field); }
  bool dnssec_ok() const override { return true; }
  base::IpAddress client() const override { return client_address; }
  std::optional<base::IpAddress> server() const override { return std::nullopt; }

  base::IpAddress client_address = *base::ParseIpAddress("127.0.0.7");
};

std::string Result(std::string_view text, const FakeQuery& query = {}) {
  const absl::StatusOr<ViewExpression> expression = ViewExpression::Parse(text);
  if (!expression.ok()) return std::string(expression.status().message());
  ViewExpression::Texts texts;
  const bool holds = expression->Holds(query, texts);
  EXPECT_EQ(expression->Holds(query, texts), holds) << text;
  return holds ? "true" : "false";
}

TEST(ViewExpression, AsksOfTheQuery) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"true", "true"},
      {"incidr(client_ip(), '127.0.0.0/24')", "true"},
      {"incidr(client_ip(), '192.168.0.0/16')", "false"},
      {"incidr('10.0.0.1', '10.0.0.0/' + '8')", "true"},
      {"incidr('x', '10.0.0.0/8') or incidr(server_ip(), '0.0.0.0/0')", "false"},
      {"client_ip() == '127.0.0.7'", "true"},
      {"type() in ['A', 'AAAA']", "true"},
      {"type() not in [\"A\", `MX`]", "true"},
      {"type() in []", "false"},
      {R"(name() matches '^abc\\..*\\.example\\.com\\.$')", "true"},
      {"name() not matches 'abc'", "false"},
      {"(type() == 'A' && name() == 'example.com') || client_ip() == '1.2.3.4'", "false"},
      {"type() == 'A' && false || true", "true"},
      {"not (type() == 'A') and !false", "true"},
      {"class() != 'CH' and proto() == 'udp'", "true"},
      {"port() == '40000' and server_port() == '53'", "true"},
      {"size() == 100 and id() > 100 and opcode() >= 102 and bufsize() < 104 and bufsize() <= 103", "true"},
      {"id() - 1 == 100 and 1 + 2 == 3 and -1 < 0", "true"},
      {"do()", "true"},
      {"name() contains 'x.ex' and name() startsWith 'abc' and name() endsWith '.com.'", "true"},
      {"hasPrefix(name(), 'abc') and hasSuffix(upper(name()), 'COM.') and len(trim(' a ')) == 1", "true"},
      {"metadata('view/name') == '<view/name>' and lower('A') == 'a'", "true"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Result(text), expected) << text;
}

TEST(ViewExpression, TakesAddressesOfBothFamilies) {
  FakeQuery query;
  query.client_address = *base::ParseIpAddress("fd00::1");
  EXPECT_EQ(Result("client_ip() == '[fd00::1]' and incidr(client_ip(), 'fd00::/8') and incidr('[fd00::1]', 'fd00::/8')",
                   query),
            "true");
  EXPECT_EQ(Result("incidr(client_ip(), '0.0.0.0/0')", query), "false");
}

TEST(ViewExpression, SaysWhatIsWrong) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"", "at its character 1: the expression ends too early; expected a value"},
      {"name()", "at its character 7: the expression is a text; expected a bool"},
      {"nam()",
       "at its character 1: \"nam\" is no value; expected a text, a number, or one of the functions bufsize, class, "
       "client_ip, do, hasPrefix, hasSuffix, id, incidr, len, lower, metadata, name, opcode, port, proto, server_ip, "
       "server_port, size, trim, type, upper"},
      {"name", "at its character 5: name is a function; expected \"name(…)\""},
      {"name() == 1", "at its character 12: a text is compared with a number"},
      {"do() < true", "at its character 12: bools have no order"},
      {"type() in 'A'", "at its character 14: in looks into a text; expected a list"},
      {"type() in [1]", "at its character 14: a text is looked for in a list of numbers"},
      {"type() in ['A', 1]", "at its character 18: a number in a list of texts"},
      {"type() in ['A'", "at its character 15: a list is not closed"},
      {"name() matches '('", "at its character 19: \"(\" is no regular expression: missing ): ("},
      {"name() matches name()", "at its character 22: matches needs a regular expression as a text"},
      {"incidr(client_ip(), '10.0.0.0/33')",
       "at its character 35: \"10.0.0.0/33\" is no network; expected one such as '10.0.0.0/8'"},
      {"incidr(client_ip())", "at its character 20: incidr has 1 arguments; expected 2"},
      {"len(1) == 1", "at its character 6: len is of a number; expected a text"},
      {"true true", "at its character 6: \"t\" stands behind the expression"},
      {"(true", "at its character 6: a parenthesis is not closed"},
      {"name() == 'b", "at its character 13: a quote is not closed"},
      {"name() == 'a\\.b'", "at its character 17: a text has a bad escape; a backslash in it is written twice"},
      {"not 1 == 1", "at its character 6: not is of a number; expected a bool"},
      {"true and 1", "at its character 11: a number where a bool is expected"},
      {"1x == 1", "at its character 3: \"1x\" is no whole number"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Result(text), expected) << text;
  EXPECT_EQ(Result(std::string(100, '(')), "at its character 34: too many parentheses within each other");
  EXPECT_EQ(Result(std::string(100, '!') + "true"), "at its character 34: too many signs within each other");
}

TEST(ViewExpression, IsBounded) {
  std::string sum = "1";
  for (int i = 1; i < 1000; ++i) sum += "+1";
  EXPECT_EQ(Result(sum + " == 1000"), "at its character 2004: more than 1000 values");
  EXPECT_EQ(Result(sum.substr(2) + " == 999"), "true");
  EXPECT_EQ(Result("9223372036854775807 + 1 < 0"), "true") << "no overflow that nobody defines";
  EXPECT_EQ(Result("9223372036854775808 > 0"), "at its character 20: \"9223372036854775808\" is no whole number");
}

absl::StatusOr<Options> Load(std::string_view text) { return ParseOptions(text, "Corefile", 53, FakeEnvironment()); }

TEST(ReadView, BlocksWithViewsMayShareAZone) {
  const absl::StatusOr<Options> options = Load(
      "a {\nview one {\nexpr type() in ['A',  'AAAA']\nexpr do()\n}\n}\na {\nview two {\nexpr true\n}\n}\na {\n}\n");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->blocks[0].view->name, "one");
  EXPECT_EQ(options->blocks[0].view->expressions.size(), 2u);
  EXPECT_FALSE(options->blocks[2].view.has_value());
}

TEST(ReadView, RefusesWhatCannotBe) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"a {\n}\na {\nview v {\nexpr true\n}\n}\n",
       "Corefile:3:1: zone a. on port 53 stands here a second time; expected once, first at Corefile:1:1"},
      {"a {\nview\n}\n", "Corefile:2:1: view has 0 arguments; expected \"view NAME { expr EXPRESSION }\""},
      {"a {\nview v\n}\n", "Corefile:2:1: view has no expression; expected \"view NAME { expr EXPRESSION }\""},
      {"a {\nview v {\nexpr type() = 1\n}\n}\n",
       "Corefile:3:6: the expression \"type() = 1\" cannot be read, at its character 8: \"=\" stands behind the "
       "expression"},
      {"a {\nview v {\nexpression true\n}\n}\n", "Corefile:3:1: unknown view property \"expression\"; expected expr"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(std::string(Load(text).status().message()), expected) << text;
}

}  // namespace
}  // namespace podnamed::config
