#include "config/lexer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace podnamed::config {
namespace {

// One word per token; "¶" in front of a word that starts a line, "‹" and "›" for braces.
std::string Words(std::string_view text) {
  const Source source = {.file = "Corefile", .snippet = "", .imported_at = std::nullopt};
  ErrorList errors;
  std::string words;
  for (const Token& token : Lex(text, source, errors)) {
    if (!words.empty()) words += ' ';
    if (token.starts_line) words += "¶";
    words += token.kind == Token::Kind::kOpen ? "‹" : token.kind == Token::Kind::kClose ? "›" : token.text;
  }
  if (!errors.empty()) words += fmt::format(" !! {}", std::string(errors.ToStatus().message()));
  return words;
}

TEST(Lexer, SplitsTextIntoWords) {
  struct Case {
    std::string_view text;
    std::string_view words;
  };
  for (const Case& c : std::vector<Case>{
           {"", ""},
           {" \t\n\n", ""},
           {"a b\tc\nd", "¶a b c ¶d"},
           {"\xef\xbb\xbf.:53 {\r\n  log\r\n}\r\n", "¶.:53 ‹ ¶log ¶›"},
           {"a # the rest # of the line { \"\nb", "¶a ¶b"},
           {"a#comment\nb", "¶a ¶b"},
           {"#first line\n\n  #last line", ""},
           {R"("a # b { c" d)", "¶a # b { c d"},
           {R"("say \"hi\"" "C:\dir\\" "\n")", R"(¶say "hi" C:\dir\\ \n)"},
           {R"("" a"b"c)", R"(¶ a"b"c)"},
           {R"("a"b)", "¶a b"},
           {"\"two\nlines\" b\nc", "¶two\nlines b ¶c"},
           {"{ } {}", "¶‹ › {}"},
           {R"("{" "}")", "¶{ }"},
           {"{$A} {{ .Name }} {remote}:{port}", "¶{$A} {{ .Name }} {remote}:{port}"},
           {"a \\\nb", "¶a \\ ¶b"},
           {"a\xc2\xa0"
            "b\xe3\x80\x80"
            "c",
            "¶a b c"},
       }) {
    EXPECT_EQ(Words(c.text), c.words) << c.text;
  }
}

TEST(Lexer, KnowsLineAndColumnInCharacters) {
  const Source source = {.file = "Corefile", .snippet = "", .imported_at = std::nullopt};
  ErrorList errors;
  std::vector<std::string> places;
  for (const Token& token : Lex("\xef\xbb\xbf.:53 {\r\n\té \"a\nb\" c\n  d }", source, errors)) {
    places.push_back(fmt::format("{}:{}", token.position.line, token.position.column));
  }
  EXPECT_THAT(places, testing::ElementsAre("1:1", "1:6", "2:2", "2:4", "3:4", "4:3", "4:5"));
}

TEST(Lexer, NamesTheBrokenPlaceAndKeepsWhatStandsBeforeIt) {
  struct Case {
    std::string_view text;
    std::string_view words;
  };
  for (const Case& c : std::vector<Case>{
           {"a {\n}\nb \"c\n",
            "¶a ‹ ¶› !! Corefile:3:3: a quote is never closed; expected '\"' before the end of the file"},
           {"a \"\\\"", " !! Corefile:1:3: a quote is never closed; expected '\"' before the end of the file"},
           {"a { b\n c {\n }\n", " !! Corefile:1:3: \"{\" is never closed; expected \"}\" before the end of the file"},
           {"a {\n}\n}\nb", "¶a ‹ ¶› !! Corefile:3:1: \"}\" closes nothing; expected \"{\" before it"},
           {"a{ # here\n}", " !! Corefile:1:1: \"a{\" ends with a brace; expected a space before \"{\""},
       }) {
    EXPECT_EQ(Words(c.text), c.words) << c.text;
  }
}

}  // namespace
}  // namespace podnamed::config
