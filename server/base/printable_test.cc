#include "server/base/printable.h"

#include <gtest/gtest.h>

namespace podnamed::base {
namespace {

TEST(Printable, LeavesTextAsItIs) {
  EXPECT_EQ(Printable("web-0 exists → not ready"), "web-0 exists → not ready");
  EXPECT_EQ(Printable("\u00a0\u00ff\U0001f600"), "\u00a0\u00ff\U0001f600");
  EXPECT_EQ(Printable(""), "");
}

TEST(Printable, LeavesNothingThatATerminalObeys) {
  EXPECT_EQ(Printable("a\x1b[2Jb\x7f\n"), "a?[2Jb??");
  EXPECT_EQ(Printable("a\u009b2Jb"), "a??2Jb") << "U+009B is ESC [ in one character";
}

TEST(Printable, LeavesUtf8Alone) {
  EXPECT_EQ(Printable("a\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xff\xe2\x86"), "a" + std::string(12, '?'));
}

}  // namespace
}  // namespace podnamed::base
