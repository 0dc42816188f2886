#include "config/errors_directive.h"

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

absl::StatusOr<Options> Load(std::string_view lines) {
  return ParseOptions(fmt::format(". {{\n{}\n}}", lines), "Corefile", 53, FakeEnvironment());
}

std::string TextOf(const ConsolidateOptions& options) {
  static constexpr std::string_view kLevels[] = {"info", "warning", "error"};
  return fmt::format("{} {} {}{}", absl::FormatDuration(options.period), options.pattern,
                     options.level ? kLevels[static_cast<size_t>(*options.level)] : "none",
                     options.show_first ? " show_first" : "");
}

TEST(ReadErrors, TakesWhatCoreDnsTakes) {
  EXPECT_FALSE(Load("")->blocks[0].errors.has_value());
  for (const std::string_view lines : {"errors", "errors stdout", "errors {\n}", "errors {\n stacktrace\n}"}) {
    const absl::StatusOr<Options> options = Load(lines);
    ASSERT_TRUE(options.ok()) << lines << options.status();
    ASSERT_TRUE(options->blocks[0].errors.has_value()) << lines;
    EXPECT_TRUE(options->blocks[0].errors->consolidate.empty());
  }
  for (const auto& [line, expected] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"consolidate 30s \"^read udp .* i/o timeout$\"", "30s ^read udp .* i/o timeout$ error"},
           {"consolidate 5m .* warning", "5m .* warning"},
           {"consolidate 1m30s a|b info show_first", "1m30s a|b info show_first"},
           {"consolidate 1s x debug", "1s x none"},
           {"consolidate 1s x error", "1s x error"},
           {"consolidate 1s x show_first", "1s x error show_first"},
       }) {
    const absl::StatusOr<Options> options = Load(fmt::format("errors {{\n {}\n}}", line));
    ASSERT_TRUE(options.ok()) << line << options.status();
    EXPECT_EQ(TextOf(options->blocks[0].errors->consolidate.at(0)), expected) << line;
  }
  EXPECT_EQ(Load("errors {\n consolidate 1s a\n consolidate 2s b\n}")->blocks[0].errors->consolidate.size(), 2);
}

TEST(ReadErrors, SaysWhatIsWrongWhere) {
  for (const auto& [lines, expected] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"errors stderr", "Corefile:2:8: errors is \"stderr\"; expected stdout or nothing"},
           {"errors stdout a", "Corefile:2:1: errors has 2 arguments; expected \"errors [stdout]\""},
           {"errors\nerrors", "Corefile:3:1: errors stands here a second time; expected once, first at Corefile:2:1"},
           {"errors {\n consolidate 1s\n}",
            "Corefile:3:2: consolidate has 1 arguments; expected \"consolidate DURATION REGEXP [LEVEL] [show_first]\""},
           {"errors {\n consolidate 1s a error show_first more\n}",
            "Corefile:3:2: consolidate has 5 arguments; expected \"consolidate DURATION REGEXP [LEVEL] [show_first]\""},
           {"errors {\n consolidate soon a\n}",
            "Corefile:3:14: consolidate is \"soon\"; expected a duration such as \"30s\""},
           {"errors {\n consolidate -1s a\n}",
            "Corefile:3:14: consolidate is \"-1s\"; expected a duration such as \"30s\""},
           {"errors {\n consolidate 1s a(\n}",
            "Corefile:3:17: \"a(\" is no regular expression: missing ): a(; expected RE2's syntax, as Go has it"},
           {"errors {\n consolidate 1s a loud\n}",
            "Corefile:3:19: the level is \"loud\"; expected error, warning, info, debug or show_first"},
           {"errors {\n consolidate 1s a error again\n}",
            "Corefile:3:25: \"again\" stands behind the level; expected show_first or nothing"},
           {"errors {\n stacktrace on\n}", "Corefile:3:2: stacktrace takes no arguments; expected \"stacktrace\""},
           {"errors {\n consolidat 1s a\n}",
            "Corefile:3:2: unknown errors property \"consolidat\"; expected stacktrace, consolidate; did you mean "
            "\"consolidate\"?"},
       }) {
    EXPECT_EQ(std::string(Load(lines).status().message()), expected) << lines;
  }
  const std::string longest(10'001, 'a');
  EXPECT_THAT(std::string(Load(fmt::format("errors {{\n consolidate 1s {}\n}}", longest)).status().message()),
              ::testing::HasSubstr("has 10001 characters; expected at most 10000"));
}

}  // namespace
}  // namespace podnamed::config
