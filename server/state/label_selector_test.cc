#include "server/state/label_selector.h"

#include <gtest/gtest.h>

namespace podnamed::state {
namespace {

using Operator = LabelRequirement::Operator;

const Namespace kShop = {.name = "shop", .uid = 1, .labels = {{"env", "prod"}, {"team", "a"}}};

bool Matches(std::string key, Operator op, std::vector<std::string> values = {}) {
  return LabelSelector({{std::move(key), op, std::move(values)}}).Matches(kShop);
}

TEST(LabelSelector, SetsAndPresence) {
  EXPECT_TRUE(Matches("env", Operator::kIn, {"test", "prod"}));
  EXPECT_FALSE(Matches("env", Operator::kIn, {"test"}));
  EXPECT_FALSE(Matches("gone", Operator::kIn, {""})) << "absent is not the empty value";
  EXPECT_FALSE(Matches("env", Operator::kNotIn, {"prod"}));
  EXPECT_TRUE(Matches("env", Operator::kNotIn, {"test"}));
  EXPECT_TRUE(Matches("gone", Operator::kNotIn, {"test"})) << "Kubernetes: what is absent is in no set";
  EXPECT_TRUE(Matches("env", Operator::kExists));
  EXPECT_FALSE(Matches("gone", Operator::kExists));
  EXPECT_FALSE(Matches("env", Operator::kDoesNotExist));
  EXPECT_TRUE(Matches("gone", Operator::kDoesNotExist));
}

TEST(LabelSelector, AllRequirementsMustHold) {
  const LabelRequirement env = {"env", Operator::kIn, {"prod"}};
  EXPECT_TRUE(LabelSelector({env, {"team", Operator::kExists, {}}}).Matches(kShop));
  EXPECT_FALSE(LabelSelector({env, {"team", Operator::kIn, {"b"}}}).Matches(kShop));
  EXPECT_TRUE(LabelSelector().Matches(kShop));
}

TEST(LabelSelector, ReadsTheLabelsOfAServiceInTheState) {
  const LabelView labels[] = {{"app", "web"}, {"tier", "front"}};
  const auto block =
      ServiceBlock::Make({.namespace_name = "default", .name = "nginx", .has_service = true, .labels = labels}, {});
  EXPECT_TRUE(LabelSelector({{"tier", Operator::kIn, {"front"}}}).Matches(*block));
  EXPECT_FALSE(LabelSelector({{"tier", Operator::kIn, {"back"}}}).Matches(*block));
}

}  // namespace
}  // namespace podnamed::state
