#include "ctl/documents.h"

#include <gmock/gmock.h>

namespace podnamed::ctl {
namespace {

using testing::HasSubstr;

TEST(Documents, EachNamesEveryCommandAndFlag) {
  for (const std::string& text : {HelpText(), ManPage("1.0"), BashCompletion(), ZshCompletion()}) {
    for (const CommandDescription& command : Commands()) EXPECT_THAT(text, HasSubstr(std::string(command.name)));
    for (const FlagDescription& flag : GlobalFlags()) EXPECT_THAT(text, HasSubstr(std::string(flag.name)));
  }
  for (const CommandDescription& command : Commands()) {
    const std::string text = HelpText(command);
    for (const FlagDescription& flag : command.flags) EXPECT_THAT(text, HasSubstr("  -" + std::string(flag.name)));
    EXPECT_FALSE(command.examples.empty()) << command.name;
  }
}

TEST(Documents, NoLineOfThePageIsTakenForARequestOfTroff) {
  const std::string page = ManPage("1.0");
  size_t start = 0;
  while (start < page.size()) {
    const size_t end = page.find('\n', start);
    const std::string line = page.substr(start, end - start);
    if (line.starts_with('.')) {
      EXPECT_THAT(line.substr(0, 3), testing::AnyOf(".TH", ".SH", ".SS", ".PP", ".TP", ".B ", ".BR")) << line;
    }
    EXPECT_FALSE(line.starts_with('\'')) << line;
    start = end + 1;
  }
}

}  // namespace
}  // namespace podnamed::ctl
