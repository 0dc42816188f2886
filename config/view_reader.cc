#include "config/view_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "config/error_list.h"
#include "server/base/status.h"

namespace podnamed::config {
namespace {

using Query = ViewExpression::Query;
using Op = ViewNode::Op;
using Type = ViewNode::Type;
using NodePtr = std::unique_ptr<ViewNode>;

constexpr int kMaxDepth = 32;
constexpr size_t kMaxNodes = 1000;

std::string_view NameOf(Type type) {
  constexpr std::string_view kNames[] = {"bool", "number", "text", "list"};
  return kNames[static_cast<size_t>(type)];
}

struct FunctionName {
  std::string_view name;
  Op op;
  Type type;
  size_t arguments;  // all of them texts
  std::variant<Query::Text, Query::Number> field{};
};
constexpr FunctionName kFunctions[] = {
    {"bufsize", Op::kNumberField, Type::kNumber, 0, Query::Number::kBufsize},
    {"class", Op::kTextField, Type::kText, 0, Query::Text::kClass},
    {"client_ip", Op::kClient, Type::kText, 0},
    {"do", Op::kDnssecOk, Type::kBool, 0},
    {"hasPrefix", Op::kStartsWith, Type::kBool, 2},
    {"hasSuffix", Op::kEndsWith, Type::kBool, 2},
    {"id", Op::kNumberField, Type::kNumber, 0, Query::Number::kId},
    {"incidr", Op::kInCidr, Type::kBool, 2},
    {"len", Op::kLen, Type::kNumber, 1},
    {"lower", Op::kLower, Type::kText, 1},
    {"metadata", Op::kMetadata, Type::kText, 1},
    {"name", Op::kTextField, Type::kText, 0, Query::Text::kName},
    {"opcode", Op::kNumberField, Type::kNumber, 0, Query::Number::kOpcode},
    {"port", Op::kTextField, Type::kText, 0, Query::Text::kPort},
    {"proto", Op::kTextField, Type::kText, 0, Query::Text::kProto},
    {"server_ip", Op::kServer, Type::kText, 0},
    {"server_port", Op::kTextField, Type::kText, 0, Query::Text::kServerPort},
    {"size", Op::kNumberField, Type::kNumber, 0, Query::Number::kSize},
    {"trim", Op::kTrim, Type::kText, 1},
    {"type", Op::kTextField, Type::kText, 0, Query::Text::kType},
    {"upper", Op::kUpper, Type::kText, 1},
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<NodePtr> Run() {
    ASSIGN_OR_RETURN(NodePtr root, ReadOr(0));
    SkipBlanks();
    if (at_ < text_.size()) return Wrong(fmt::format("{} stands behind the expression", Shown()));
    if (root->type != Type::kBool)
      return Wrong(fmt::format("the expression is a {}; expected a bool", NameOf(root->type)));
    return root;
  }

 private:
  absl::StatusOr<NodePtr> ReadOr(int depth) {
    if (depth > kMaxDepth) return Wrong("too many parentheses within each other");
    ASSIGN_OR_RETURN(NodePtr left, ReadAnd(depth));
    while (TakeSign("||") || TakeWord("or")) {
      ASSIGN_OR_RETURN(NodePtr right, ReadAnd(depth));
      ASSIGN_OR_RETURN(left, Combine(Op::kOr, Type::kBool, Type::kBool, std::move(left), std::move(right)));
    }
    return left;
  }

  absl::StatusOr<NodePtr> ReadAnd(int depth) {
    ASSIGN_OR_RETURN(NodePtr left, ReadComparison(depth));
    while (TakeSign("&&") || TakeWord("and")) {
      ASSIGN_OR_RETURN(NodePtr right, ReadComparison(depth));
      ASSIGN_OR_RETURN(left, Combine(Op::kAnd, Type::kBool, Type::kBool, std::move(left), std::move(right)));
    }
    return left;
  }

  absl::StatusOr<NodePtr> ReadComparison(int depth) {
    ASSIGN_OR_RETURN(NodePtr left, ReadSum(depth));
    struct Comparison {
      std::string_view sign;
      Op op;
      bool swaps;   // the sides
      bool denies;  // the result
    };
    constexpr Comparison kSigns[] = {
        {"==", Op::kEqual, false, false},      {"!=", Op::kEqual, false, true}, {"<=", Op::kLessOrEqual, false, false},
        {">=", Op::kLessOrEqual, true, false}, {"<", Op::kLess, false, false},  {">", Op::kLess, true, false},
    };
    constexpr std::pair<std::string_view, Op> kWords[] = {
        {"in", Op::kIn},
        {"matches", Op::kMatches},
        {"contains", Op::kContains},
        {"startsWith", Op::kStartsWith},
        {"endsWith", Op::kEndsWith},
    };
    while (true) {
      const auto* sign = std::ranges::find_if(kSigns, [&](const Comparison& one) { return TakeSign(one.sign); });
      if (sign != std::end(kSigns)) {
        ASSIGN_OR_RETURN(NodePtr right, ReadSum(depth));
        if (left->type == Type::kList || left->type != right->type) {
          return Wrong(fmt::format("a {} is compared with a {}", NameOf(left->type), NameOf(right->type)));
        }
        if (sign->op != Op::kEqual && left->type == Type::kBool) return Wrong("bools have no order");
        if (sign->swaps) std::swap(left, right);
        left = Make(sign->op, Type::kBool, std::move(left), std::move(right));
        if (sign->denies) left = Make(Op::kNot, Type::kBool, std::move(left));
        continue;
      }
      const size_t start = at_;
      const bool denies = TakeWord("not");
      const auto* word = std::ranges::find_if(kWords, [&](const auto& one) { return TakeWord(one.first); });
      if (word == std::end(kWords)) {
        at_ = start;
        return left;
      }
      ASSIGN_OR_RETURN(NodePtr right, ReadSum(depth));
      ASSIGN_OR_RETURN(left, Test(word->second, std::move(left), std::move(right)));
      if (denies) left = Make(Op::kNot, Type::kBool, std::move(left));
    }
  }

  // `in` and its like.
  absl::StatusOr<NodePtr> Test(Op op, NodePtr left, NodePtr right) {
    if (op == Op::kIn) {
      if (right->type != Type::kList)
        return Wrong(fmt::format("in looks into a {}; expected a list", NameOf(right->type)));
      if (!right->children.empty() && right->element != left->type) {
        return Wrong(fmt::format("a {} is looked for in a list of {}s", NameOf(left->type), NameOf(right->element)));
      }
      return Make(op, Type::kBool, std::move(left), std::move(right));
    }
    std::unique_ptr<RE2> expression;
    if (op == Op::kMatches) {
      const auto* pattern = right->op == Op::kLiteral ? std::get_if<std::string>(&right->literal) : nullptr;
      if (pattern == nullptr) return Wrong("matches needs a regular expression as a text");
      expression = std::make_unique<RE2>(*pattern, RE2::Quiet);
      if (!expression->ok()) {
        return Wrong(fmt::format("{} is no regular expression: {}", Quoted(*pattern), expression->error()));
      }
    }
    ASSIGN_OR_RETURN(NodePtr node, Combine(op, Type::kText, Type::kBool, std::move(left), std::move(right)));
    node->expression = std::move(expression);
    return node;
  }

  absl::StatusOr<NodePtr> ReadSum(int depth) {
    ASSIGN_OR_RETURN(NodePtr left, ReadUnary(depth));
    while (true) {
      const bool adds = TakeSign("+");
      if (!adds && !TakeSign("-")) return left;
      ASSIGN_OR_RETURN(NodePtr right, ReadUnary(depth));
      const Type type = adds && left->type == Type::kText ? Type::kText : Type::kNumber;
      ASSIGN_OR_RETURN(left, Combine(adds ? Op::kAdd : Op::kSubtract, type, type, std::move(left), std::move(right)));
    }
  }

  absl::StatusOr<NodePtr> ReadUnary(int depth) {
    if (depth > kMaxDepth) return Wrong("too many signs within each other");
    if (!TakeSign("!", /*unless=*/"=") && !TakeWord("not")) return ReadOperand(depth);
    ASSIGN_OR_RETURN(NodePtr operand, ReadUnary(depth + 1));
    if (operand->type != Type::kBool)
      return Wrong(fmt::format("not is of a {}; expected a bool", NameOf(operand->type)));
    return Make(Op::kNot, Type::kBool, std::move(operand));
  }

  absl::StatusOr<NodePtr> ReadOperand(int depth) {
    SkipBlanks();
    if (++nodes_ > kMaxNodes) return Wrong("more than 1000 values");
    if (at_ == text_.size()) return Wrong("the expression ends too early; expected a value");
    const char c = text_[at_];
    if (c == '(') {
      ++at_;
      ASSIGN_OR_RETURN(NodePtr inner, ReadOr(depth + 1));
      if (!TakeSign(")")) return Wrong("a parenthesis is not closed");
      return inner;
    }
    if (c == '[') return ReadList(depth);
    if (c == '\'' || c == '"' || c == '`') return ReadText(c);
    if (absl::ascii_isdigit(static_cast<uint8_t>(c)) || c == '-') return ReadNumber();
    if (TakeWord("true")) return Literal(Type::kBool, true);
    if (TakeWord("false")) return Literal(Type::kBool, false);
    return ReadCall(depth);
  }

  absl::StatusOr<NodePtr> ReadCall(int depth) {
    const size_t start = at_;
    while (IsWordAt(at_)) ++at_;
    const std::string_view name = text_.substr(start, at_ - start);
    const auto* function = std::ranges::find(kFunctions, name, &FunctionName::name);
    if (function == std::end(kFunctions)) {
      at_ = start;
      std::string known;
      for (const FunctionName& one : kFunctions) known.append(known.empty() ? "" : ", ").append(one.name);
      return Wrong(fmt::format("{} is no value; expected a text, a number, or one of the functions {}",
                               name.empty() ? Shown() : Quoted(name), known));
    }
    if (!TakeSign("(")) return Wrong(fmt::format("{} is a function; expected \"{}(…)\"", name, name));
    auto node = std::make_unique<ViewNode>();
    node->op = function->op;
    node->type = function->type;
    node->field = function->field;
    while (!TakeSign(")")) {
      if (!node->children.empty() && !TakeSign(",")) return Wrong("a parenthesis is not closed");
      ASSIGN_OR_RETURN(NodePtr argument, ReadOr(depth + 1));
      if (argument->type != Type::kText) {
        return Wrong(fmt::format("{} is of a {}; expected a text", name, NameOf(argument->type)));
      }
      node->children.push_back(std::move(argument));
    }
    if (node->children.size() != function->arguments) {
      return Wrong(fmt::format("{} has {} arguments; expected {}", name, node->children.size(), function->arguments));
    }
    if (node->op == Op::kInCidr && node->children[1]->op == Op::kLiteral) {
      const std::string& text = std::get<std::string>(node->children[1]->literal);
      node->network = base::ParseIpNetwork(text);
      if (!node->network || text.find('/') == std::string::npos) {
        return Wrong(fmt::format("{} is no network; expected one such as '10.0.0.0/8'", Quoted(text)));
      }
    }
    return node;
  }

  absl::StatusOr<NodePtr> ReadList(int depth) {
    ++at_;
    auto list = std::make_unique<ViewNode>();
    list->op = Op::kList;
    list->type = Type::kList;
    while (!TakeSign("]")) {
      if (!list->children.empty() && !TakeSign(",")) return Wrong("a list is not closed");
      ASSIGN_OR_RETURN(NodePtr element, ReadOr(depth + 1));
      if (list->children.empty()) list->element = element->type;
      if (element->type != list->element || element->type == Type::kList) {
        return Wrong(fmt::format("a {} in a list of {}s", NameOf(element->type), NameOf(list->element)));
      }
      list->children.push_back(std::move(element));
    }
    return list;
  }

  absl::StatusOr<NodePtr> ReadText(char quote) {
    const size_t start = ++at_;
    while (at_ < text_.size() && text_[at_] != quote) at_ += quote != '`' && text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return Wrong("a quote is not closed");
    const std::string_view inner = text_.substr(start, at_ - start);
    ++at_;
    std::string text(inner);
    if (quote != '`' && !absl::CUnescape(absl::string_view(inner.data(), inner.size()), &text)) {
      return Wrong("a text has a bad escape; a backslash in it is written twice");
    }
    return Literal(Type::kText, std::move(text));
  }

  absl::StatusOr<NodePtr> ReadNumber() {
    const size_t start = at_;
    if (text_[at_] == '-') ++at_;
    while (IsWordAt(at_)) ++at_;
    const std::string_view digits = text_.substr(start, at_ - start);
    int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size()) {
      return Wrong(fmt::format("{} is no whole number", Quoted(digits)));
    }
    return Literal(Type::kNumber, number);
  }

  static NodePtr Literal(Type type, decltype(ViewNode::literal) value) {
    auto node = std::make_unique<ViewNode>();
    node->op = Op::kLiteral;
    node->type = type;
    node->literal = std::move(value);
    return node;
  }
  template <typename... Children>
  static NodePtr Make(Op op, Type type, Children... children) {
    auto node = std::make_unique<ViewNode>();
    node->op = op;
    node->type = type;
    (node->children.push_back(std::move(children)), ...);
    return node;
  }
  // Of two values of one type.
  absl::StatusOr<NodePtr> Combine(Op op, Type of, Type type, NodePtr left, NodePtr right) {
    for (const NodePtr* side : {&left, &right}) {
      if ((*side)->type != of)
        return Wrong(fmt::format("a {} where a {} is expected", NameOf((*side)->type), NameOf(of)));
    }
    return Make(op, type, std::move(left), std::move(right));
  }

  void SkipBlanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  bool IsWordAt(size_t at) const {
    return at < text_.size() && (absl::ascii_isalnum(static_cast<uint8_t>(text_[at])) || text_[at] == '_');
  }
  bool TakeSign(std::string_view sign, std::string_view unless = {}) {
    SkipBlanks();
    const std::string_view rest = text_.substr(at_);
    if (!rest.starts_with(sign) || (!unless.empty() && rest.substr(sign.size()).starts_with(unless))) return false;
    at_ += sign.size();
    return true;
  }
  bool TakeWord(std::string_view word) {
    SkipBlanks();
    if (!text_.substr(at_).starts_with(word) || IsWordAt(at_ + word.size())) return false;
    at_ += word.size();
    return true;
  }
  std::string Shown() const { return Quoted(text_.substr(at_, 1)); }
  absl::Status Wrong(const std::string& what) const {
    return absl::InvalidArgumentError(fmt::format("at its character {}: {}", std::min(at_, text_.size()) + 1, what));
  }

  const std::string_view text_;
  size_t at_ = 0;
  size_t nodes_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ViewNode>> ReadViewExpression(std::string_view text) { return Parser(text).Run(); }

}  // namespace podnamed::config
