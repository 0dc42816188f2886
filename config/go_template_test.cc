#include "config/go_template.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace podnamed::config {
namespace {

std::string Filled(std::string_view text) {
  const absl::StatusOr<GoTemplate> tree = GoTemplate::Parse(text);
  if (!tree.ok()) return std::string(tree.status().message());
  constexpr std::string_view kMatch[] = {"ip-10-0a.example.", "10", "0a"};
  constexpr std::pair<std::string_view, size_t> kGroups[] = {{"a", 1}, {"b", 2}};
  const auto meta = [](std::string_view label) { return "<" + std::string(label) + ">"; };
  const absl::StatusOr<std::string> result = tree->Execute({.zone = "example.",
                                                            .name = "ip-10-0a.example.",
                                                            .record_class = "IN",
                                                            .type = "A",
                                                            .remote = "10.0.0.7",
                                                            .type_number = 1,
                                                            .class_number = 1,
                                                            .match = kMatch,
                                                            .group_names = kGroups,
                                                            .meta = meta});
  return result.ok() ? *result : "failed: " + std::string(result.status().message());
}

TEST(GoTemplate, FillsIn) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"", ""},
      {"plain { text }", "plain { text }"},
      {"{{ .Name }} 60 {{.Class}} {{ .Type }} {{ .Zone }}", "ip-10-0a.example. 60 IN A example."},
      {"{{ .Remote }} {{ .Question.Name }} {{ .Question.Qtype }} {{ .Question.Qclass }}",
       "10.0.0.7 ip-10-0a.example. 1 1"},
      {"{{ .Group.a }}.{{ .Group.b}}.{{ .Group.none }}.{{ index .Group \"2\" }}", "10.0a..0a"},
      {"{{ index .Match 0 }} {{ index .Match 1 }} {{ len .Match }}", "ip-10-0a.example. 10 3"},
      {"{{ .Match }} {{ .Group }}", "[ip-10-0a.example. 10 0a] map[a:10 b:0a]"},
      {"{{ parseInt .Group.b 16 8 }}", "10"},
      {"{{ .Group.a | printf \"%s-%s\" .Type }}", "A-10"},
      {"{{ printf \"%03d %x %X %-4s| %q %v %%\" 7 255 255 \"a\" \"b\" true }}", "007 ff FF a   | \"b\" true %"},
      {"{{ printf \"%04x\" (parseInt \"-1\" 10 8 | not) }}",
       "failed: parseInt of \"-1\": no number of base 10 that fits 8 bits"},
      {"{{ print .Type 1 `x` }}", "A1x"},
      {"{{ if eq .Type \"AAAA\" \"A\" }}yes{{ else }}no{{ end }}", "yes"},
      {"{{ if ne .Type `A` }}1{{ else if and .Zone (lt 1 2) }}2{{ else }}3{{ end }}", "2"},
      {"{{ if or (gt 1 2) (not true) \"\" }}1{{ end }}.", "."},
      {"{{ if .Group.none }}1{{ else }}{{ if ge 2 2 }}{{ if le 1 0x2 }}x{{ end }}{{ end }}{{ end }}", "x"},
      {"a {{- .Type -}} b {{- /* c */ -}} d", "aAbd"},
      {"a{{/* c */}}b", "ab"},
      {"{{ .Meta \"kubernetes/client-namespace\" }}", "<kubernetes/client-namespace>"},
      {"{{ index .Match 3 }}", "failed: index 3 of .Match, which has 3"},
      {"{{ parseInt .Name 16 8 }}", "failed: parseInt of \"ip-10-0a.example.\": no number of base 16 that fits 8 bits"},
      {"{{ parseInt \"ff\" 16 4 }}", "failed: parseInt of \"ff\": no number of base 16 that fits 4 bits"},
      {"{{ eq 1 \"a\" }}", "failed: values of different kinds are compared"},
      {"{{ printf \"%d\" \"a\" }}", "failed: printf's %d does not go with its value"},
      {"{{ printf \"%999d\" 1 }}", "failed: printf has a width up to 255, and no precision"},
      {"{{ printf \"%d\" }}", "failed: printf has too few values"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Filled(text), expected) << text;
}

TEST(GoTemplate, SaysWhatItDoesNotKnow) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"{{ .Nam }}",
       "at its character 4: the field \".Nam\" is not known; expected .Zone, .Name, .Class, .Type, .Match, .Group, "
       ".Remote, .Meta, .Question.Name, .Question.Qtype or .Question.Qclass"},
      {"{{ upper .Name }}",
       "at its character 4: the function \"upper\" is not known; expected one of and, eq, ge, gt, index, le, len, lt, "
       "ne, "
       "not, or, parseInt, print, printf"},
      {"{{ range .Match }}{{ end }}", "at its character 9: range is not supported; expected a value or if"},
      {"{{ $x := .Name }}", "at its character 4: variables are not supported; expected a field such as .Name"},
      {"{{ .Name", "at its character 9: an action is not closed; expected \"}}\""},
      {"{{ .Name .Type }}", "at its character 10: \".\" stands behind a value; expected \"}}\""},
      {"{{ }}", "at its character 4: an action without a value"},
      {"{{ if .Name }}", "at its character 15: an if without its {{end}}"},
      {"{{ end }}", "at its character 10: {{end}} without an if"},
      {"{{ if 1 }}{{ else }}{{ else }}{{ end }}", "at its character 28: a second {{else}}"},
      {"{{ (len .Name }}", "at its character 15: a parenthesis is not closed"},
      {"{{ \"a }}", "at its character 9: a quote is not closed"},
      {"{{ index .Match }}", "at its character 17: index .Match  has 1 arguments; expected 2"},
      {"{{ 1.5 }}", "at its character 5: \".\" stands behind a value; expected \"}}\""},
      {"{{ .Name | .Type }}", "at its character 17: a value gets no argument from a pipeline"},
      {"{{ len not }}",
       "at its character 8: \"not\" is no value; expected a field, a text or a number, or a function in "
       "parentheses"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Filled(text), expected) << text;
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "(";
  EXPECT_EQ(Filled("{{ " + deep + " }}"), "at its character 37: too many parentheses within each other");
}

TEST(GoTemplate, KnowsWhatIsFixed) {
  EXPECT_TRUE(GoTemplate::Parse("a. 60 IN A 10.0.0.1")->is_fixed());
  EXPECT_FALSE(GoTemplate::Parse("{{ .Name }} 60 IN A 10.0.0.1")->is_fixed());
}

}  // namespace
}  // namespace podnamed::config
