#include "config/parser.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "config/fake_environment.h"

namespace podnamed::config {
namespace {

std::string Line(const Directive& directive) {
  std::string text = directive.name.text;
  for (const Token& argument : directive.arguments) text += fmt::format(" {}", argument.text);
  if (directive.has_block) {
    text += " {";
    for (const Directive& inner : directive.block) text += fmt::format(" {};", Line(inner));
    text += " }";
  }
  return text;
}

// The tree on one line per server block, errors below it.
std::string Tree(std::string_view text, const FakeEnvironment& environment = {}) {
  ErrorList errors;
  const Document document = ParseCorefile(text, "etc/Corefile", environment, errors);
  std::string tree;
  for (const ServerBlock& block : document.blocks) {
    if (!tree.empty()) tree += "\n";
    for (const Token& key : block.keys) tree += fmt::format("[{}]", key.text);
    for (const Directive& directive : block.directives) tree += fmt::format(" {};", Line(directive));
  }
  if (!errors.empty()) tree += fmt::format("\n!! {}", std::string(errors.ToStatus().message()));
  return tree;
}

struct Case {
  std::string_view text;
  std::string_view tree;
};

TEST(Parser, ReadsServerBlocks) {
  for (const Case& c : std::vector<Case>{
           {"", ""},
           {".", "[.]"},
           {". {\n}", "[.]"},
           {".\n{\n}", "[.]"},
           {".:53 {\n  log\n  forward . 1.1.1.1\n}", "[.:53] log; forward . 1.1.1.1;"},
           {"a b {\n}\nc {\n}", "[a][b]\n[c]"},
           {"a, b,\n  c {\n}", "[a][b][c]"},
           {"a,b , c{$UNSET} {\n}", "[a][b][c]"},
           {"a {\n} b {\n}", "[a]\n[b]"},
           {".:53\nlog\nkubernetes cluster.local {\n ttl 5\n}\nerrors",
            "[.:53] log; kubernetes cluster.local { ttl 5; }; errors;"},
           {". { log\n errors }", "[.] log; errors;"},
           {". { a { b { c } } }", "[.] a { b { c; }; };"},
           {". {\n a x\n {\n b\n }\n}", "[.] a x { b; };"},
           {". {\n a \"{\" \"\"\n}", "[.] a { ;"},
           {". {\n a { }\n}", "[.] a { };"},
       }) {
    EXPECT_EQ(Tree(c.text), c.tree) << c.text;
  }
}

TEST(Parser, ReplacesVariables) {
  FakeEnvironment environment;
  environment.variables = {
      {"ZONE", "cluster.local"}, {"PORT", "5353"}, {"BLOCK", "{"}, {"LOOP", "{$LOOP}"}, {"TWO", "a b"}};
  for (const Case& c : std::vector<Case>{
           {"{$ZONE}:{%PORT%} {\n}", "[cluster.local:5353]"},
           {". {\n log \"at {$ZONE}\" {$UNSET} x{$UNSET}y\n}", "[.] log at cluster.local  xy;"},
           {". {\n log {$BLOCK} {$LOOP} {$TWO}\n}", "[.] log { {$LOOP} a b;"},
           {". {\n log {$} {%%} {$ZONE {%ZONE} {{$ZONE}}\n}", "[.] log {$} {%%} {$ZONE {%ZONE} {cluster.local};"},
           {"import {$FILE}",
            "\n!! etc/Corefile:1:1: import has an empty argument (a variable may be unset); expected "
            "a snippet or a file"},
           {"{$UNSET} {\n}",
            "\n!! etc/Corefile:1:1: a server block without a zone (a variable may be unset); expected "
            "\"ZONE {\""},
       }) {
    EXPECT_EQ(Tree(c.text, environment), c.tree) << c.text;
  }
}

TEST(Parser, PutsSnippetsInTheirPlaces) {
  for (const Case& c : std::vector<Case>{
           {"(s) {\n log\n errors\n}\na {\n import s\n whoami\n}\nb {\n import s\n}",
            "[a] log; errors; whoami;\n[b] log; errors;"},
           {"(s) { log }\na {\n import s }", "[a] log;"},
           {"(s) {\n ttl 5\n}\na {\n k {\n  pods\n  import s\n }\n}", "[a] k { pods; ttl 5; };"},
           {"(outer) {\n import inner\n}\n(inner) {\n log\n}\na {\n import outer\n}", "[a] log;"},
           {"(block) {\n a {\n log\n }\n}\nimport block", "[a] log;"},
           {"(keys) {\n a, b\n}\nc,\nimport keys\n{\n log\n}", "[c][a][b] log;"},
           {"(empty) {\n}\na {\n import empty\n log\n}", "[a] log;"},
       }) {
    EXPECT_EQ(Tree(c.text), c.tree) << c.text;
  }
}

TEST(Parser, PutsFilesInTheirPlaces) {
  FakeEnvironment environment;
  environment.files = {
      {"etc/common", "log\nerrors"},  {"etc/zones/a.conf", "a {\n import ../common\n}"},
      {"etc/zones/b.conf", "b {\n}"}, {"etc/zones/c.other", "c {\n}"},
      {"/abs/d", "d {\n}"},           {"etc/snippets", "(s) {\n whoami\n}"},
      {"etc/empty", "# nothing\n"},
  };
  for (const Case& c : std::vector<Case>{
           {". {\n import common\n}", "[.] log; errors;"},
           {"import zones/*.conf", "[a] log; errors;\n[b]"},
           {"import /abs/d", "[d]"},
           {"import /abs/d\nimport /abs/d", "[d]\n[d]"},
           {"import snippets\n. {\n import s\n}", "[.] whoami;"},
           {"import none/*\n. {\n import none/*.override\n import empty\n}", "[.]"},
           {"import none",
            "\n!! etc/Corefile:1:1: \"none\" is neither a snippet defined above nor a file "
            "(\"etc/none\"); expected one of them"},
       }) {
    EXPECT_EQ(Tree(c.text, environment), c.tree) << c.text;
  }
}

TEST(Parser, ErrorsSayWhereAndWhat) {
  FakeEnvironment environment;
  environment.files = {
      {"etc/unbalanced", "log {\n"},
      {"etc/itself", "log\nimport itself"},
      {"etc/main", "import Corefile"},
      {"etc/missing", "\nimport gone"},
  };
  for (const Case& c : std::vector<Case>{
           {"{\n log\n}",
            " log;\n!! etc/Corefile:1:1: a server block without a zone (a variable may be unset); expected \"ZONE {\""},
           {"a, {\n}", "[a]\n!! etc/Corefile:1:1: no zone follows the comma; expected another zone, or no comma"},
           {"a,", "[a]\n!! etc/Corefile:1:1: no zone follows the comma; expected another zone, or no comma"},
           {"a {\n log {\n } errors\n}",
            "[a] log { }; errors;\n!! etc/Corefile:3:4: \"errors\" stands behind \"}\"; expected a new line"},
           {"a {\n {\n  log\n }\n errors\n}",
            "[a] errors;\n!! etc/Corefile:2:2: \"{\" without a word before it; expected a directive"},
           {"(s)\nlog", "[log]\n!! etc/Corefile:1:1: snippet \"(s)\" has no block; expected \"{\" behind it"},
           {"() {\n}", "\n!! etc/Corefile:1:1: a snippet without a name; expected \"(NAME) {\""},
           {"(s) {\n}\n(s) {\n}",
            "\n!! etc/Corefile:3:1: snippet \"s\" is defined a second time; expected once, first at etc/Corefile:1:1"},
           {"import", "\n!! etc/Corefile:1:1: import has 0 arguments; expected one: a snippet or a file"},
           {"import a b", "\n!! etc/Corefile:1:1: import has 2 arguments; expected one: a snippet or a file"},
           {"import */*.conf",
            "\n!! etc/Corefile:1:1: pattern \"*/*.conf\" has several wildcards; expected at most one \"*\""},
           {"import [ab]", "\n!! etc/Corefile:1:1: pattern \"[ab]\" has several wildcards; expected at most one \"*\""},
           {"(common) {\n}\na {\n import comon\n log\n}",
            "[a] log;\n!! etc/Corefile:4:2: \"comon\" is neither a snippet defined above nor a file (\"etc/comon\"); "
            "expected one of them; did you mean \"common\"?"},
           {"a {\n import unbalanced\n}",
            "[a]\n!! etc/unbalanced:1:5: \"{\" is never closed; expected \"}\" before the end of the file (imported at "
            "etc/Corefile:2:2)"},
           {"a {\n import missing\n}",
            "[a]\n!! etc/missing:2:1: \"gone\" is neither a snippet defined above nor a file (\"etc/gone\"); expected "
            "one of them (imported at etc/Corefile:2:2)"},
           {"(s) {\n import s\n}\na {\n import s\n}",
            "[a]\n!! etc/Corefile:2:2: snippet \"s\" imports itself (etc/Corefile:2:2); expected "
            "no circle (imported at etc/Corefile:5:2)"},
           {"a {\n import itself\n}",
            "[a] log;\n!! etc/itself:2:1: file \"etc/itself\" imports itself (etc/itself:2:1); "
            "expected no circle (imported at etc/Corefile:2:2)"},
           {"import main",
            "\n!! etc/main:1:1: file \"etc/Corefile\" imports itself (etc/Corefile:1:1, etc/main:1:1); expected no "
            "circle (imported at etc/Corefile:1:1)"},
       }) {
    environment.files["etc/Corefile"] = std::string(c.text);
    EXPECT_EQ(Tree(c.text, environment), c.tree) << c.text;
  }
}

TEST(Parser, IsBounded) {
  std::string doubling = "(s0) {\n log\n}\n";
  for (int i = 1; i <= 40; ++i) doubling += fmt::format("(s{}) {{\n import s{}\n import s{}\n}}\n", i, i - 1, i - 1);
  EXPECT_THAT(Tree(doubling + "a {\n import s40\n}"),
              testing::HasSubstr("too many imports; expected at most 10000 (imported at etc/Corefile:"));

  std::string long_body = "(s) {\n";
  for (int i = 0; i < 500; ++i) long_body += " a b c\n";
  long_body += "}\na {\n";
  for (int i = 0; i < 1000; ++i) long_body += " import s\n";
  EXPECT_THAT(Tree(long_body + "}"), testing::HasSubstr("too many words; expected at most 1000000 with all imports"));

  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "a {\n";
  for (int i = 0; i < 100'000; ++i) deep += "}\n";
  EXPECT_THAT(Tree(deep), testing::HasSubstr("too many blocks within each other; expected at most 64"));
}

}  // namespace
}  // namespace podnamed::config
