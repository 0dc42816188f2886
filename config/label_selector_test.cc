#include "config/label_selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podnamed::config {
namespace {

using state::LabelSelector;
using Operator = state::LabelRequirement::Operator;
using ::testing::HasSubstr;

TEST(LabelSelector, EveryForm) {
  EXPECT_EQ(*ParseLabelSelector("app=web"), LabelSelector({{"app", Operator::kIn, {"web"}}}));
  EXPECT_EQ(*ParseLabelSelector("app == web"), LabelSelector({{"app", Operator::kIn, {"web"}}}));
  EXPECT_EQ(*ParseLabelSelector("app!=web"), LabelSelector({{"app", Operator::kNotIn, {"web"}}}));
  EXPECT_EQ(*ParseLabelSelector("app"), LabelSelector({{"app", Operator::kExists, {}}}));
  EXPECT_EQ(*ParseLabelSelector("! app"), LabelSelector({{"app", Operator::kDoesNotExist, {}}}));
  EXPECT_EQ(*ParseLabelSelector("app="), LabelSelector({{"app", Operator::kIn, {""}}}));
  EXPECT_EQ(*ParseLabelSelector("x.io/tier in (front, back),env notin (test),index"),
            LabelSelector({{"x.io/tier", Operator::kIn, {"front", "back"}},
                           {"env", Operator::kNotIn, {"test"}},
                           {"index", Operator::kExists, {}}}));
}

TEST(LabelSelector, ErrorsSayWhatWasExpected) {
  const auto error = [](std::string_view text) { return std::string(ParseLabelSelector(text).status().message()); };
  EXPECT_THAT(error(""), HasSubstr("the selector ends; expected a label"));
  EXPECT_THAT(error("app in web"), HasSubstr("\"web\" in the selector; expected \"(\""));
  EXPECT_THAT(error("app in (web"), HasSubstr("expected \",\" or \")\""));
  EXPECT_THAT(error("app > 3"), HasSubstr("\"> 3\" in the selector; expected \",\" or the end"));
  EXPECT_THAT(error("app=web,"), HasSubstr("expected a label"));
  EXPECT_THAT(error("app=" + std::string(64, 'x')), HasSubstr("a value of 64 characters; expected at most 63"));
}

}  // namespace
}  // namespace podnamed::config
