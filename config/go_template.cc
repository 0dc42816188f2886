#include "config/go_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "config/error_list.h"
#include "server/base/status.h"

namespace podnamed::config {
namespace {

constexpr size_t kMaxOutput = 65536;
constexpr int kMaxDepth = 32;
constexpr std::string_view kFunctions = "and, eq, ge, gt, index, le, len, lt, ne, not, or, parseInt, print, printf";
constexpr std::string_view kFields =
    ".Zone, .Name, .Class, .Type, .Match, .Group, .Remote, .Meta, .Question.Name, .Question.Qtype or .Question.Qclass";

// .Match and .Group, which are no text themselves.
enum class List : uint8_t { kMatch, kGroup };
using Value = std::variant<std::string, int64_t, bool, List>;

enum class Field : uint8_t {
  kZone,
  kName,
  kClass,
  kType,
  kRemote,
  kMatch,
  kGroup,
  kNamedGroup,  // .Group.a
  kMeta,        // .Meta "label"
  kQuestionType,
  kQuestionClass,
};

enum class Function : uint8_t {
  kAnd,
  kEq,
  kGe,
  kGt,
  kIndex,
  kLe,
  kLen,
  kLt,
  kNe,
  kNot,
  kOr,
  kParseInt,
  kPrint,
  kPrintf
};

struct FunctionName {
  std::string_view name;
  Function function;
  size_t min_arguments;
  size_t max_arguments;
};
constexpr size_t kMany = 64;
constexpr FunctionName kFunctionNames[] = {
    {"and", Function::kAnd, 1, kMany},     {"eq", Function::kEq, 2, kMany},
    {"ge", Function::kGe, 2, 2},           {"gt", Function::kGt, 2, 2},
    {"index", Function::kIndex, 2, 2},     {"le", Function::kLe, 2, 2},
    {"len", Function::kLen, 1, 1},         {"lt", Function::kLt, 2, 2},
    {"ne", Function::kNe, 2, 2},           {"not", Function::kNot, 1, 1},
    {"or", Function::kOr, 1, kMany},       {"parseInt", Function::kParseInt, 3, 3},
    {"print", Function::kPrint, 0, kMany}, {"printf", Function::kPrintf, 1, kMany},
};

// A value to come: a literal, a field, or a function with its arguments.
struct Expression {
  struct FieldUse {
    Field field;
    std::string group;  // kNamedGroup
  };
  struct Call {
    std::variant<Function, Field> what;  // Field: kMeta
    std::vector<Expression> arguments;
  };
  std::variant<Value, FieldUse, Call> what;
};

// ---- running

absl::Status Failed(std::string_view why) {
  return absl::InvalidArgumentError(absl::string_view(why.data(), why.size()));
}

bool IsTrue(const Value& value, const GoTemplate::Data& data) {
  if (const auto* text = std::get_if<std::string>(&value)) return !text->empty();
  if (const auto* number = std::get_if<int64_t>(&value)) return *number != 0;
  if (const auto* truth = std::get_if<bool>(&value)) return *truth;
  return !data.match.empty();
}

std::string TextOf(const Value& value, const GoTemplate::Data& data) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<int64_t>(&value)) return fmt::format("{}", *number);
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  if (std::get<List>(value) == List::kMatch) return fmt::format("[{}]", fmt::join(data.match, " "));
  std::string groups = "map[";
  for (const auto& [name, index] : data.group_names) {
    if (groups.back() != '[') groups += ' ';
    groups.append(name).append(":").append(data.match[index]);
  }
  return groups + "]";
}

// "" for a name that no group has, as a Go map has it.
std::string GroupOf(std::string_view name, const GoTemplate::Data& data) {
  for (const auto& [known, index] : data.group_names) {
    if (known == name && index < data.match.size()) return std::string(data.match[index]);
  }
  size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  const bool is_number = error == std::errc() && end == name.data() + name.size();
  return is_number && index < data.match.size() ? std::string(data.match[index]) : "";
}

absl::StatusOr<int> Compare(const Value& a, const Value& b) {
  if (a.index() != b.index()) return Failed("values of different kinds are compared");
  if (const auto* text = std::get_if<std::string>(&a)) return text->compare(std::get<std::string>(b));
  if (const auto* number = std::get_if<int64_t>(&a)) {
    const int64_t other = std::get<int64_t>(b);
    return *number < other ? -1 : *number > other ? 1 : 0;
  }
  if (const auto* truth = std::get_if<bool>(&a)) return static_cast<int>(*truth) - static_cast<int>(std::get<bool>(b));
  return Failed("a list is compared");
}

absl::StatusOr<Value> Index(const Value& list, const Value& key, const GoTemplate::Data& data) {
  const auto* of = std::get_if<List>(&list);
  if (of == nullptr) return Failed("index is of .Match or of .Group");
  if (*of == List::kGroup) {
    const auto* name = std::get_if<std::string>(&key);
    if (name == nullptr) return Failed("index of .Group is a text");
    return Value(GroupOf(*name, data));
  }
  const auto* at = std::get_if<int64_t>(&key);
  if (at == nullptr) return Failed("index of .Match is a number");
  if (*at < 0 || static_cast<size_t>(*at) >= data.match.size()) {
    return Failed(fmt::format("index {} of .Match, which has {}", *at, data.match.size()));
  }
  return Value(std::string(data.match[static_cast<size_t>(*at)]));
}

// strconv.ParseUint.
absl::StatusOr<Value> ParseInt(const Value& text, const Value& base, const Value& bits) {
  const auto* digits = std::get_if<std::string>(&text);
  const auto* radix = std::get_if<int64_t>(&base);
  const auto* width = std::get_if<int64_t>(&bits);
  if (digits == nullptr || radix == nullptr || width == nullptr) return Failed("parseInt is of a text and two numbers");
  constexpr int64_t kBits = 63;
  if ((*radix != 0 && (*radix < 2 || *radix > 36)) || *width < 0 || *width > kBits + 1) {
    return Failed("parseInt has a base from 2 to 36 and a size up to 64");
  }
  std::string_view rest = *digits;
  int used = static_cast<int>(*radix);
  if (used == 0) {
    used = rest.starts_with("0x") ? 16 : rest.starts_with("0b") ? 2 : rest.starts_with("0") && rest.size() > 1 ? 8 : 10;
    if (used == 16 || used == 2) rest.remove_prefix(2);
  }
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number, used);
  const int64_t limit = *width == 0 ? kBits : std::min(*width, kBits);
  if (error != std::errc() || end != rest.data() + rest.size() || number >> limit != 0) {
    return Failed(
        fmt::format("parseInt of {}: no number of base {} that fits {} bits", Quoted(*digits), *radix, *width));
  }
  return Value(static_cast<int64_t>(number));
}

// One verb of fmt.Sprintf, from behind its "%" to `verb`.
absl::StatusOr<std::string> Format(std::string_view flags, char verb, const Value& value,
                                   const GoTemplate::Data& data) {
  constexpr size_t kMaxWidth = 255;
  const size_t digits = flags.find_first_not_of("-+ 0#");
  const std::string_view signs = flags.substr(0, digits);
  const std::string_view width_text = digits == std::string_view::npos ? std::string_view() : flags.substr(digits);
  size_t width = 0;
  const auto [end, error] = std::from_chars(width_text.data(), width_text.data() + width_text.size(), width);
  if (!width_text.empty() &&
      (error != std::errc() || end != width_text.data() + width_text.size() || width > kMaxWidth)) {
    return Failed("printf has a width up to 255, and no precision");
  }
  const auto* number = std::get_if<int64_t>(&value);
  std::string text;
  if (number != nullptr && verb == 'x') {
    text = fmt::format("{:x}", *number);
  } else if (number != nullptr && verb == 'X') {
    text = fmt::format("{:X}", *number);
  } else if (number != nullptr && verb == 'o') {
    text = fmt::format("{:o}", *number);
  } else if (number != nullptr && verb == 'b') {
    text = fmt::format("{:b}", *number);
  } else if (verb == 'q' && number == nullptr) {
    text = "\"" + absl::CEscape(TextOf(value, data)) + "\"";
  } else if (verb == 'v' || (verb == 'd' && number != nullptr) || (verb == 's' && number == nullptr) ||
             (verb == 't' && std::holds_alternative<bool>(value))) {
    text = TextOf(value, data);
  } else if (verb == 'x' || verb == 'X') {
    text = absl::BytesToHexString(TextOf(value, data));
    if (verb == 'X') absl::AsciiStrToUpper(&text);
  } else {
    return Failed(fmt::format("printf's %{} does not go with its value", verb));
  }
  if (signs.find('+') != std::string_view::npos && number != nullptr && *number >= 0) text.insert(0, 1, '+');
  if (text.size() >= width) return text;
  const size_t missing = width - text.size();
  if (signs.find('-') != std::string_view::npos) return text + std::string(missing, ' ');
  const bool is_padded = number != nullptr && signs.find('0') != std::string_view::npos;
  const size_t sign = is_padded && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  return text.insert(sign, missing, is_padded ? '0' : ' ');
}

absl::StatusOr<Value> Printf(const std::vector<Value>& arguments, const GoTemplate::Data& data) {
  const auto* format = std::get_if<std::string>(&arguments.front());
  if (format == nullptr) return Failed("printf begins with a text");
  std::string text;
  size_t next = 1;
  for (size_t at = 0; at < format->size(); ++at) {
    if ((*format)[at] != '%') {
      text += (*format)[at];
      continue;
    }
    const size_t verb = format->find_first_not_of("-+ #0123456789.", at + 1);
    if (verb == std::string::npos) return Failed("printf's format ends in a %");
    if ((*format)[verb] == '%') {
      text += '%';
    } else {
      if (next == arguments.size()) return Failed("printf has too few values");
      ASSIGN_OR_RETURN(const std::string piece, Format(std::string_view(*format).substr(at + 1, verb - at - 1),
                                                       (*format)[verb], arguments[next++], data));
      text += piece;
    }
    if (text.size() > kMaxOutput) return Failed("the text is longer than 65536 octets");
    at = verb;
  }
  if (next < arguments.size()) return Failed("printf has too many values");
  return Value(std::move(text));
}

absl::StatusOr<Value> Evaluate(const Expression& expression, const GoTemplate::Data& data);

absl::StatusOr<Value> Call(Function function, const std::vector<Value>& arguments, const GoTemplate::Data& data) {
  const auto compare = [&](auto holds) -> absl::StatusOr<Value> {
    ASSIGN_OR_RETURN(const int order, Compare(arguments[0], arguments[1]));
    return Value(holds(order));
  };
  switch (function) {
    case Function::kEq:
      for (size_t i = 1; i < arguments.size(); ++i) {
        ASSIGN_OR_RETURN(const int order, Compare(arguments[0], arguments[i]));
        if (order == 0) return Value(true);
      }
      return Value(false);
    case Function::kNe:
      return compare([](int order) { return order != 0; });
    case Function::kLt:
      return compare([](int order) { return order < 0; });
    case Function::kLe:
      return compare([](int order) { return order <= 0; });
    case Function::kGt:
      return compare([](int order) { return order > 0; });
    case Function::kGe:
      return compare([](int order) { return order >= 0; });
    case Function::kNot:
      return Value(!IsTrue(arguments[0], data));
    case Function::kLen:
      if (const auto* text = std::get_if<std::string>(&arguments[0])) return Value(static_cast<int64_t>(text->size()));
      if (!std::holds_alternative<List>(arguments[0])) return Failed("len is of a text, of .Match or of .Group");
      return Value(static_cast<int64_t>(data.match.size()));
    case Function::kIndex:
      return Index(arguments[0], arguments[1], data);
    case Function::kParseInt:
      return ParseInt(arguments[0], arguments[1], arguments[2]);
    case Function::kPrint: {
      std::string text;
      for (const Value& argument : arguments) text += TextOf(argument, data);
      return Value(std::move(text));
    }
    case Function::kPrintf:
      return Printf(arguments, data);
    case Function::kAnd:
    case Function::kOr:
      break;
  }
  return Failed("no such function");
}

Value FieldOf(const Expression::FieldUse& use, const GoTemplate::Data& data) {
  switch (use.field) {
    case Field::kZone:
      return std::string(data.zone);
    case Field::kName:
      return std::string(data.name);
    case Field::kClass:
      return std::string(data.record_class);
    case Field::kType:
      return std::string(data.type);
    case Field::kRemote:
      return std::string(data.remote);
    case Field::kMatch:
      return List::kMatch;
    case Field::kGroup:
      return List::kGroup;
    case Field::kNamedGroup:
      return GroupOf(use.group, data);
    case Field::kQuestionType:
      return int64_t{data.type_number};
    case Field::kQuestionClass:
      return int64_t{data.class_number};
    case Field::kMeta:
      break;
  }
  return std::string();
}

absl::StatusOr<Value> EvaluateCall(const Expression::Call& call, const GoTemplate::Data& data) {
  const auto* function = std::get_if<Function>(&call.what);
  std::vector<Value> arguments;
  for (const Expression& argument : call.arguments) {
    ASSIGN_OR_RETURN(Value value, Evaluate(argument, data));
    // These two look no further than they must.
    if (function != nullptr && (*function == Function::kAnd || *function == Function::kOr)) {
      const bool is_last = &argument == &call.arguments.back();
      if (is_last || IsTrue(value, data) == (*function == Function::kOr)) return value;
      continue;
    }
    arguments.push_back(std::move(value));
  }
  if (function != nullptr) return Call(*function, arguments, data);
  const auto* label = std::get_if<std::string>(&arguments[0]);
  if (label == nullptr) return Failed(".Meta is of a text");
  return Value(data.meta(*label));
}

absl::StatusOr<Value> Evaluate(const Expression& expression, const GoTemplate::Data& data) {
  if (const auto* value = std::get_if<Value>(&expression.what)) return *value;
  if (const auto* use = std::get_if<Expression::FieldUse>(&expression.what)) return FieldOf(*use, data);
  return EvaluateCall(std::get<Expression::Call>(expression.what), data);
}

}  // namespace

// A piece of text, a value to be written, or an `if` with what depends on it.
struct GoTemplate::Node {
  using Nodes = std::vector<std::unique_ptr<Node>>;
  struct Condition {
    std::optional<Expression> expression;  // none: else
    Nodes nodes;
  };
  std::variant<std::string, Expression, std::vector<Condition>> what;
};

namespace {

using Node = GoTemplate::Node;

// ---- reading

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<Node::Nodes> Run() {
    Node::Nodes nodes;
    std::string end;
    RETURN_IF_ERROR(ReadNodes(nodes, end, 0));
    if (!end.empty()) return Wrong(fmt::format("{{{{{}}}}} without an if", end));
    return nodes;
  }

 private:
  // Up to an action that ends an `if` or one of its branches: "end", or "else" with the reader behind that word.
  absl::Status ReadNodes(Node::Nodes& nodes, std::string& end, int depth) {
    if (depth > kMaxDepth) return Wrong("too many ifs within each other");
    while (true) {
      const size_t open = text_.find("{{", at_);
      std::string literal(text_.substr(at_, open == std::string_view::npos ? open : open - at_));
      if (trims_) literal.erase(0, std::min(literal.find_first_not_of(kBlanks), literal.size()));
      trims_ = false;
      if (open == std::string_view::npos) {
        at_ = text_.size();
        Put(std::move(literal), nodes);
        return absl::OkStatus();
      }
      at_ = open + 2;
      if (text_.substr(at_).starts_with("- ")) {
        at_ += 1;
        literal.erase(literal.find_last_not_of(kBlanks) + 1);
      }
      Put(std::move(literal), nodes);
      if (TakeComment()) continue;
      SkipBlanks();
      if (TakeKeyword("if")) {
        RETURN_IF_ERROR(ReadIf(nodes, depth));
      } else if (TakeKeyword("end")) {
        end = "end";
        return Close();
      } else if (TakeKeyword("else")) {
        end = "else";
        return absl::OkStatus();
      } else {
        for (const std::string_view word : {"range", "with", "define", "template", "block", "break", "continue"}) {
          if (TakeKeyword(word)) return Wrong(fmt::format("{} is not supported; expected a value or if", word));
        }
        ASSIGN_OR_RETURN(Expression expression, ReadPipeline(0));
        RETURN_IF_ERROR(Close());
        auto node = std::make_unique<Node>();
        node->what = std::move(expression);
        nodes.push_back(std::move(node));
      }
    }
  }

  absl::Status ReadIf(Node::Nodes& nodes, int depth) {
    std::vector<Node::Condition> conditions;
    bool has_else = false;
    while (true) {
      Node::Condition& condition = conditions.emplace_back();
      if (!has_else) {
        ASSIGN_OR_RETURN(condition.expression, ReadPipeline(0));
      }
      RETURN_IF_ERROR(Close());
      std::string end;
      RETURN_IF_ERROR(ReadNodes(condition.nodes, end, depth + 1));
      if (end.empty()) return Wrong("an if without its {{end}}");
      if (end == "end") break;
      if (has_else) return Wrong("a second {{else}}");
      SkipBlanks();
      has_else = !TakeKeyword("if");
    }
    auto node = std::make_unique<Node>();
    node->what = std::move(conditions);
    nodes.push_back(std::move(node));
    return absl::OkStatus();
  }

  // Commands with "|" between them, each of which gets the value of the one before as its last argument.
  absl::StatusOr<Expression> ReadPipeline(int depth) {
    if (depth > kMaxDepth) return Wrong("too many parentheses within each other");
    std::optional<Expression> value;
    while (true) {
      ASSIGN_OR_RETURN(value, ReadCommand(std::move(value), depth));
      SkipBlanks();
      if (at_ == text_.size() || text_[at_] != '|') return *std::move(value);
      ++at_;
    }
  }

  absl::StatusOr<Expression> ReadCommand(std::optional<Expression> piped, int depth) {
    SkipBlanks();
    const size_t start = at_;
    std::optional<std::variant<Function, Field>> called;
    const FunctionName* function = nullptr;
    if (at_ < text_.size() && absl::ascii_isalpha(static_cast<uint8_t>(text_[at_]))) {
      const std::string_view word = TakeWord();
      if (word == "true" || word == "false") {
        at_ = start;
      } else {
        function = std::ranges::find(kFunctionNames, word, &FunctionName::name);
        if (function == std::end(kFunctionNames)) {
          at_ = start;
          return Wrong(fmt::format("the function {} is not known; expected one of {}", Quoted(word), kFunctions));
        }
        called = function->function;
      }
    } else if (text_.substr(at_).starts_with(".Meta") && !IsWordAt(at_ + 5)) {
      at_ += 5;
      called = Field::kMeta;
    }
    if (!called) {
      ASSIGN_OR_RETURN(Expression operand, ReadOperand(depth));
      if (piped) return Wrong("a value gets no argument from a pipeline");
      return operand;
    }
    std::vector<Expression> arguments;
    while (HasOperand()) {
      ASSIGN_OR_RETURN(Expression argument, ReadOperand(depth));
      arguments.push_back(std::move(argument));
    }
    if (piped) arguments.push_back(*std::move(piped));
    const size_t min = function != nullptr ? function->min_arguments : 1;
    const size_t max = function != nullptr ? function->max_arguments : 1;
    if (arguments.size() < min || arguments.size() > max) {
      return Wrong(fmt::format("{} has {} arguments; expected {}", text_.substr(start, at_ - start), arguments.size(),
                               min == max ? fmt::format("{}", min) : fmt::format("{} or more", min)));
    }
    return Expression{Expression::Call{*called, std::move(arguments)}};
  }

  bool HasOperand() {
    SkipBlanks();
    return at_ < text_.size() && text_[at_] != '|' && text_[at_] != ')' && !AtClose();
  }

  absl::StatusOr<Expression> ReadOperand(int depth) {
    SkipBlanks();
    if (at_ == text_.size() || AtClose()) return Wrong("an action without a value");
    const char c = text_[at_];
    if (c == '(') {
      ++at_;
      ASSIGN_OR_RETURN(Expression inner, ReadPipeline(depth + 1));
      SkipBlanks();
      if (at_ == text_.size() || text_[at_] != ')') return Wrong("a parenthesis is not closed");
      ++at_;
      return inner;
    }
    if (c == '"' || c == '`') return ReadText(c);
    if (c == '.') return ReadField();
    if (c == '$') return Wrong("variables are not supported; expected a field such as .Name");
    if (absl::ascii_isdigit(static_cast<uint8_t>(c)) || c == '-' || c == '+') return ReadNumber();
    const size_t start = at_;
    const std::string_view word = TakeWord();
    if (word == "true" || word == "false") return Expression{Value(word == "true")};
    at_ = start;
    return Wrong(fmt::format("{} is no value; expected a field, a text or a number, or a function in parentheses",
                             Quoted(text_.substr(at_, std::max<size_t>(word.size(), 1)))));
  }

  absl::StatusOr<Expression> ReadText(char quote) {
    const size_t start = ++at_;
    while (at_ < text_.size() && text_[at_] != quote) at_ += quote == '"' && text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return Wrong("a quote is not closed");
    const std::string_view inner = text_.substr(start, at_ - start);
    ++at_;
    if (quote == '`') return Expression{Value(std::string(inner))};
    std::string text;
    if (!absl::CUnescape(absl::string_view(inner.data(), inner.size()), &text)) return Wrong("a text has a bad escape");
    return Expression{Value(std::move(text))};
  }

  absl::StatusOr<Expression> ReadNumber() {
    const size_t start = at_;
    if (text_[at_] == '-' || text_[at_] == '+') ++at_;
    const std::string_view digits = TakeWord();
    const bool is_hex = digits.starts_with("0x");
    const std::string_view read = is_hex ? digits.substr(2) : digits;
    int64_t number = 0;
    const auto [end, error] = std::from_chars(read.data(), read.data() + read.size(), number, is_hex ? 16 : 10);
    if (error != std::errc() || end != read.data() + read.size() || (!is_hex && read.size() > 1 && read[0] == '0')) {
      at_ = start;
      return Wrong("a number that is no whole one");
    }
    return Expression{Value(text_[start] == '-' ? -number : number)};
  }

  absl::StatusOr<Expression> ReadField() {
    const size_t start = at_;
    std::vector<std::string> path;
    while (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      path.emplace_back(TakeWord());
    }
    constexpr std::pair<std::string_view, Field> kNames[] = {
        {"Zone", Field::kZone},     {"Name", Field::kName},   {"Class", Field::kClass}, {"Type", Field::kType},
        {"Remote", Field::kRemote}, {"Match", Field::kMatch}, {"Group", Field::kGroup},
    };
    if (path.size() == 1) {
      const auto* found = std::ranges::find(kNames, path[0], &std::pair<std::string_view, Field>::first);
      if (found != std::end(kNames)) return Expression{Expression::FieldUse{found->second, {}}};
    }
    if (path.size() == 2 && path[0] == "Group" && !path[1].empty()) {
      return Expression{Expression::FieldUse{Field::kNamedGroup, path[1]}};
    }
    if (path.size() == 2 && path[0] == "Question") {
      if (path[1] == "Name") return Expression{Expression::FieldUse{Field::kName, {}}};
      if (path[1] == "Qtype") return Expression{Expression::FieldUse{Field::kQuestionType, {}}};
      if (path[1] == "Qclass") return Expression{Expression::FieldUse{Field::kQuestionClass, {}}};
    }
    const std::string_view field = text_.substr(start, at_ - start);
    at_ = start;
    return Wrong(fmt::format("the field {} is not known; expected {}", Quoted(field), kFields));
  }

  // "}}", perhaps behind " -".
  bool AtClose() const { return text_.substr(at_).starts_with("}}") || text_.substr(at_).starts_with("-}}"); }
  absl::Status Close() {
    SkipBlanks();
    if (text_.substr(at_).starts_with("-}}")) {
      trims_ = true;
      ++at_;
    }
    if (!text_.substr(at_).starts_with("}}")) {
      if (at_ == text_.size()) return Wrong("an action is not closed; expected \"}}\"");
      return Wrong(fmt::format("{} stands behind a value; expected \"}}}}\"", Quoted(text_.substr(at_, 1))));
    }
    at_ += 2;
    return absl::OkStatus();
  }

  bool TakeComment() {
    const std::string_view rest = text_.substr(at_);
    const size_t blank = rest.starts_with(" ") ? 1 : 0;
    if (!rest.substr(blank).starts_with("/*")) return false;
    const size_t end = rest.find("*/");
    if (end == std::string_view::npos) return false;
    const std::string_view behind = rest.substr(end + 2);
    trims_ = behind.starts_with(" -}}");
    if (!trims_ && !behind.starts_with("}}")) return false;
    at_ += end + 2 + (trims_ ? 4 : 2);
    return true;
  }
  bool IsWordAt(size_t at) const {
    return at < text_.size() && (absl::ascii_isalnum(static_cast<uint8_t>(text_[at])) || text_[at] == '_');
  }
  std::string_view TakeWord() {
    const size_t start = at_;
    while (IsWordAt(at_)) ++at_;
    return text_.substr(start, at_ - start);
  }
  bool TakeKeyword(std::string_view word) {
    if (!text_.substr(at_).starts_with(word) || IsWordAt(at_ + word.size())) return false;
    at_ += word.size();
    return true;
  }
  void SkipBlanks() { at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size()); }
  static void Put(std::string literal, Node::Nodes& nodes) {
    if (literal.empty()) return;
    auto node = std::make_unique<Node>();
    node->what = std::move(literal);
    nodes.push_back(std::move(node));
  }
  absl::Status Wrong(std::string_view what) const {
    return absl::InvalidArgumentError(fmt::format("at its character {}: {}", at_ + 1, what));
  }

  static constexpr std::string_view kBlanks = " \t\r\n";

  const std::string_view text_;
  size_t at_ = 0;
  bool trims_ = false;  // the text in front of which we stand
};

absl::Status Write(const Node::Nodes& nodes, const GoTemplate::Data& data, std::string& text) {
  for (const std::unique_ptr<Node>& node : nodes) {
    if (const auto* literal = std::get_if<std::string>(&node->what)) {
      text += *literal;
    } else if (const auto* expression = std::get_if<Expression>(&node->what)) {
      ASSIGN_OR_RETURN(const Value value, Evaluate(*expression, data));
      text += TextOf(value, data);
    } else {
      for (const Node::Condition& condition : std::get<std::vector<Node::Condition>>(node->what)) {
        bool holds = true;
        if (condition.expression) {
          ASSIGN_OR_RETURN(const Value value, Evaluate(*condition.expression, data));
          holds = IsTrue(value, data);
        }
        if (!holds) continue;
        RETURN_IF_ERROR(Write(condition.nodes, data, text));
        break;
      }
    }
    if (text.size() > kMaxOutput) return Failed("the text is longer than 65536 octets");
  }
  return absl::OkStatus();
}

}  // namespace

GoTemplate::GoTemplate(std::vector<std::unique_ptr<Node>> nodes) : nodes_(std::move(nodes)) {}
GoTemplate::GoTemplate(GoTemplate&&) noexcept = default;
GoTemplate& GoTemplate::operator=(GoTemplate&&) noexcept = default;
GoTemplate::~GoTemplate() = default;

absl::StatusOr<GoTemplate> GoTemplate::Parse(std::string_view text) {
  ASSIGN_OR_RETURN(std::vector<std::unique_ptr<Node>> nodes, Parser(text).Run());
  return GoTemplate(std::move(nodes));
}

bool GoTemplate::is_fixed() const {
  return std::ranges::all_of(nodes_, [](const auto& node) { return std::holds_alternative<std::string>(node->what); });
}

absl::StatusOr<std::string> GoTemplate::Execute(const Data& data) const {
  std::string text;
  RETURN_IF_ERROR(Write(nodes_, data, text));
  return text;
}

}  // namespace podnamed::config
