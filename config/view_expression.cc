#include "config/view_expression.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "config/view_node.h"
#include "config/view_reader.h"
#include "server/base/status.h"

namespace podnamed::config {
namespace {

using Op = ViewNode::Op;
using Query = ViewExpression::Query;
using Value = std::variant<bool, int64_t, std::string_view>;

class Run {
 public:
  Run(const Query& query, ViewExpression::Texts& texts) : query_(query), texts_(texts) {}

  bool IsTrue(const ViewNode& node) { return std::get<bool>(Evaluate(node)); }

 private:
  std::string_view Text(const ViewNode& node) { return std::get<std::string_view>(Evaluate(node)); }
  uint64_t Number(const ViewNode& node) { return static_cast<uint64_t>(std::get<int64_t>(Evaluate(node))); }

  template <typename Append>
  std::string_view Make(Append append) {
    std::string& text = texts_.Add();
    append(text);
    return text;
  }

  // "10.0.0.1", "[fd00::1]", as CoreDNS has them.
  std::string_view TextOf(const std::optional<base::IpAddress>& address) {
    if (!address) return {};
    return Make([&](std::string& text) {
      if (address->is_v4()) {
        text += address->ToString();
      } else {
        text.append("[").append(address->ToString()).append("]");
      }
    });
  }

  // The address that a text is; the client's and the server's without the detour.
  std::optional<base::IpAddress> Address(const ViewNode& node) {
    if (node.op == Op::kClient) return query_.client();
    if (node.op == Op::kServer) return query_.server();
    const std::string_view text = Text(node);
    const bool has_brackets = text.size() > 2 && text.front() == '[' && text.back() == ']';
    return base::ParseIpAddress(has_brackets ? text.substr(1, text.size() - 2) : text);
  }

  bool IsInNetwork(const ViewNode& node) {
    const std::optional<base::IpNetwork> network =
        node.network ? node.network : base::ParseIpNetwork(Text(*node.children[1]));
    const std::optional<base::IpAddress> address = Address(*node.children[0]);
    return network && address && network->Contains(*address);
  }

  Value Evaluate(const ViewNode& node);

  const Query& query_;
  ViewExpression::Texts& texts_;
};

Value Run::Evaluate(const ViewNode& node) {
  const auto child = [&node](size_t i) -> const ViewNode& { return *node.children[i]; };
  switch (node.op) {
    case Op::kLiteral:
      return std::visit([](const auto& literal) { return Value(literal); }, node.literal);
    case Op::kTextField:
      return Make([&](std::string& text) { query_.Append(std::get<Query::Text>(node.field), text); });
    case Op::kNumberField:
      return query_.number(std::get<Query::Number>(node.field));
    case Op::kDnssecOk:
      return query_.dnssec_ok();
    case Op::kClient:
      return TextOf(query_.client());
    case Op::kServer:
      return TextOf(query_.server());
    case Op::kMetadata:
      return Make([&](std::string& text) { query_.AppendMetadata(Text(child(0)), text); });
    case Op::kInCidr:
      return IsInNetwork(node);
    case Op::kLen:
      return static_cast<int64_t>(Text(child(0)).size());
    case Op::kLower:
    case Op::kUpper:
      return Make([&](std::string& text) {
        text += Text(child(0));
        node.op == Op::kLower ? absl::AsciiStrToLower(&text) : absl::AsciiStrToUpper(&text);
      });
    case Op::kTrim:
      return Make([&](std::string& text) {
        text += Text(child(0));
        absl::StripAsciiWhitespace(&text);
      });
    case Op::kList:
      break;  // which `in` looks into
    case Op::kNot:
      return !IsTrue(child(0));
    case Op::kAnd:
      return IsTrue(child(0)) && IsTrue(child(1));
    case Op::kOr:
      return IsTrue(child(0)) || IsTrue(child(1));
    case Op::kEqual:
      return Evaluate(child(0)) == Evaluate(child(1));
    case Op::kLess:
      return Evaluate(child(0)) < Evaluate(child(1));
    case Op::kLessOrEqual:
      return Evaluate(child(0)) <= Evaluate(child(1));
    case Op::kIn: {
      const Value value = Evaluate(child(0));
      return std::ranges::any_of(child(1).children, [&](const auto& element) { return Evaluate(*element) == value; });
    }
    case Op::kMatches: {
      const std::string_view text = Text(child(0));
      return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *node.expression);
    }
    case Op::kContains:
      return Text(child(0)).find(Text(child(1))) != std::string_view::npos;
    case Op::kStartsWith:
      return Text(child(0)).starts_with(Text(child(1)));
    case Op::kEndsWith:
      return Text(child(0)).ends_with(Text(child(1)));
    case Op::kAdd:
      if (node.type == ViewNode::Type::kNumber) return static_cast<int64_t>(Number(child(0)) + Number(child(1)));
      return Make([&](std::string& text) { text.append(Text(child(0))).append(Text(child(1))); });
    case Op::kSubtract:
      return static_cast<int64_t>(Number(child(0)) - Number(child(1)));
  }
  return false;
}

}  // namespace

std::string& ViewExpression::Texts::Add() {
  if (used_ == texts_.size()) texts_.emplace_back();
  std::string& text = texts_[used_++];
  text.clear();
  return text;
}

ViewExpression::ViewExpression(std::unique_ptr<const ViewNode> root) : root_(std::move(root)) {}
ViewExpression::ViewExpression(ViewExpression&&) noexcept = default;
ViewExpression& ViewExpression::operator=(ViewExpression&&) noexcept = default;
ViewExpression::~ViewExpression() = default;

absl::StatusOr<ViewExpression> ViewExpression::Parse(std::string_view text) {
  ASSIGN_OR_RETURN(std::unique_ptr<ViewNode> root, ReadViewExpression(text));
  return ViewExpression(std::move(root));
}

bool ViewExpression::Holds(const Query& query, Texts& texts) const {
  texts.Clear();
  return Run(query, texts).IsTrue(*root_);
}

}  // namespace podnamed::config
