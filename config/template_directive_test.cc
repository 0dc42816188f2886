#include "config/template_directive.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/fake_environment.h"

namespace podnamed::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

absl::StatusOr<Options> Load(std::string_view lines) {
  return ParseOptions(fmt::format("example {{\n{}\n}}", lines), "Corefile", 53, FakeEnvironment());
}

TEST(ReadTemplate, ReadsEveryProperty) {
  const absl::StatusOr<Options> options = Load(R"(template IN a Example.org 10.0.0.0/8 {
    match ^a b$
    match (?P<c>c)
    answer "{{ .Name }} 60 IN A 10.0.0.1" "{{ .Name }} 60 IN A 10.0.0.2"
    authority "{{ .Zone }} 60 IN NS ns.{{ .Zone }}"
    additional "x. 60 IN A 10.0.0.1"
    rcode NXDOMAIN
    ederror 21 "Blocked according to RFC2606"
    fallthrough a
    upstream
  }
  template ANY ANY {
    rcode refused
  })");
  ASSERT_TRUE(options.ok()) << options.status();
  const std::vector<TemplateOptions>& templates = options->blocks[0].templates;
  ASSERT_THAT(templates, SizeIs(2));
  const TemplateOptions& first = templates[0];
  EXPECT_EQ(first.record_class, dns::RecordClass::kIn);
  EXPECT_EQ(first.type, dns::RecordType::kA);
  EXPECT_THAT(first.zones, ElementsAre(*dns::Name::FromText("example.org"), *dns::Name::FromText("10.in-addr.arpa")));
  EXPECT_THAT(first.matches, ElementsAre("^a", "b$", "(?P<c>c)"));
  EXPECT_THAT(first.answer, SizeIs(2));
  EXPECT_EQ(first.answer[1].text, "{{ .Name }} 60 IN A 10.0.0.2");
  EXPECT_THAT(first.authority, SizeIs(1));
  EXPECT_THAT(first.additional, SizeIs(1));
  EXPECT_EQ(first.rcode, dns::Rcode::kNxDomain);
  EXPECT_EQ(first.extended_error, 21);
  EXPECT_EQ(first.extended_error_text, "Blocked according to RFC2606");
  EXPECT_THAT(first.fallthrough, ElementsAre(*dns::Name::FromText("a")));
  EXPECT_EQ(templates[1].record_class, dns::RecordClass::kAny);
  EXPECT_EQ(templates[1].type, dns::RecordType::kAny);
  EXPECT_THAT(templates[1].zones, ElementsAre(*dns::Name::FromText("example")));
  EXPECT_THAT(templates[1].fallthrough, IsEmpty());
}

TEST(ReadTemplate, RefusesWhatCannotBe) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"template IN", "Corefile:2:1: template has 1 arguments; expected \"template CLASS TYPE [ZONE…] { … }\""},
      {"template XX A {\nrcode NXDOMAIN\n}", "Corefile:2:10: \"XX\" is no class; expected IN, CH, HS or ANY"},
      {"template IN XX {\nrcode NXDOMAIN\n}",
       "Corefile:2:13: \"XX\" is no record type; expected one such as \"A\", or ANY"},
      {"template IN A", "Corefile:2:1: template has neither answer nor authority nor rcode; expected one of them"},
      {"template IN A {\nmatch (\nrcode NXDOMAIN\n}",
       "Corefile:3:7: \"(\" is no regular expression: missing ): (; expected RE2's syntax, as Go has it"},
      {"template IN A {\nanswer \"{{ .X }}\"\nrcode NXDOMAIN\n}",
       "Corefile:3:8: the template \"{{ .X }}\" cannot be read, at its character 4: the field \".X\" is not known; "
       "expected "
       ".Zone, .Name, .Class, .Type, .Match, .Group, .Remote, .Meta, .Question.Name, .Question.Qtype or "
       ".Question.Qclass"},
      {"template IN A {\nrcode NX\n}", "Corefile:3:7: \"NX\" is no rcode; expected one such as NXDOMAIN"},
      {"template IN A {\nederror x\nrcode NXDOMAIN\n}",
       "Corefile:3:9: ederror is \"x\"; expected a number up to 65535 (RFC 8914)"},
      {"template IN A {\nanser a\nrcode NXDOMAIN\n}",
       "Corefile:3:1: unknown template property \"anser\"; expected match, answer, additional, authority, rcode, "
       "ederror, "
       "fallthrough, upstream; did you mean \"answer\"?"},
  };
  for (const auto& [lines, expected] : cases) {
    const absl::StatusOr<Options> options = Load(lines);
    EXPECT_EQ(options.ok() ? "none" : std::string(options.status().message()), expected) << lines;
  }
}

}  // namespace
}  // namespace podnamed::config
