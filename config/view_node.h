// A condition of `view` as a tree, for those who read it (view_reader.h) and run it (view_expression.cc). Each node
// knows its type, and its children are of the types that its operation takes.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/view_expression.h"
#include "server/base/ip_network.h"

namespace podnamed::config {

struct ViewNode {
  enum class Type : uint8_t { kBool, kNumber, kText, kList };
  enum class Op : uint8_t {
    kLiteral,
    kTextField,
    kNumberField,
    kDnssecOk,
    kClient,
    kServer,
    kMetadata,
    kInCidr,
    kLen,
    kLower,
    kUpper,
    kTrim,
    kList,
    kNot,
    kAnd,
    kOr,
    kEqual,
    kLess,
    kLessOrEqual,
    kIn,
    kMatches,
    kContains,
    kStartsWith,
    kEndsWith,
    kAdd,
    kSubtract,
  };

  Op op{};
  Type type{};
  std::vector<std::unique_ptr<ViewNode>> children{};
  Type element{};                                                                    // kList
  std::variant<bool, int64_t, std::string> literal{};                                // kLiteral
  std::variant<ViewExpression::Query::Text, ViewExpression::Query::Number> field{};  // kTextField, kNumberField
  std::unique_ptr<RE2> expression{};                                                 // kMatches
  std::optional<base::IpNetwork> network{};                                          // kInCidr, of a literal
};

}  // namespace podnamed::config
