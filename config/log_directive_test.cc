#include "config/log_directive.h"

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

constexpr std::string_view kCommon =
    "{remote}:{port} - {>id} \"{type} {class} {name} {proto} {size} {>do} {>bufsize}\" {rcode} {>rflags} {rsize} "
    "{duration}";

absl::StatusOr<Options> Load(std::string_view lines) {
  return ParseOptions(fmt::format(". {{\n{}\n}}", lines), "Corefile", 53, FakeEnvironment());
}

// One line for each rule.
std::string Rules(std::string_view lines) {
  const absl::StatusOr<Options> options = Load(lines);
  if (!options.ok()) return std::string(options.status().message());
  std::string text;
  for (const LogRule& rule : options->blocks[0].log) {
    text += fmt::format("{}{}{}{} {}\n", rule.zone.ToText(), rule.success ? " success" : "",
                        rule.denial ? " denial" : "", rule.error ? " error" : "", rule.format);
  }
  return text;
}

TEST(ReadLog, TakesWhatCoreDnsTakes) {
  const std::string all = fmt::format(". success denial error {}\n", kCommon);
  for (const auto& [lines, expected] : std::vector<std::pair<std::string_view, std::string>>{
           {"", ""},
           {"log", all},
           {"log .", all},
           {"log . {common}", all},
           {"log {\n class all\n}", all},
           {"log {\n class success\n class denial error\n}", all},
           {"log {\n class denial\n}", fmt::format(". denial {}\n", kCommon)},
           {"log {\n class error success\n}", fmt::format(". success error {}\n", kCommon)},
           {"log Example.ORG", fmt::format("example.org. success denial error {}\n", kCommon)},
           {"log a.org b.org \"{type} {name}\" {\n class error\n}",
            "a.org. error {type} {name}\nb.org. error {type} {name}\n"},
           {"log a.org\nlog . {combined} {\n class denial\n}",
            fmt::format("a.org. success denial error {}\n. denial {} \"{{>opcode}}\"\n", kCommon, kCommon)},
           {"log . \"> {common}\"", fmt::format(". success denial error > {}\n", kCommon)},
           {"log \"{name}\"", ". success denial error {name}\n"},
       }) {
    EXPECT_EQ(Rules(lines), expected) << lines;
  }
}

TEST(ReadLog, SaysWhatIsWrongWhere) {
  for (const auto& [lines, expected] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"log {\n class\n}", "Corefile:3:2: class has 0 arguments; expected \"class success|denial|error|all…\""},
           {"log {\n class denial some\n}", "Corefile:3:15: class is \"some\"; expected success, denial, error or all"},
           {"log {\n classes all\n}",
            "Corefile:3:2: unknown log property \"classes\"; expected class; did you mean \"class\"?"},
       }) {
    EXPECT_EQ(Rules(lines), expected) << lines;
  }
  EXPECT_THAT(Rules("log a..b"), ::testing::StartsWith("Corefile:2:5: "));
}

}  // namespace
}  // namespace podnamed::config
