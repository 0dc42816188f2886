#include "controller/source/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <charconv>
#include <deque>
#include <exception>
#include <initializer_list>
#include <sstream>
#include <system_error>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "server/base/status.h"

namespace podnamed::controller {
namespace {

using Kind = YamlValue::Kind;

constexpr size_t kMaxDescribed = 60;
constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";

bool IsAnyOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return absl::c_linear_search(words, text);
}

// goyaml's resolve table: YAML 1.1.
bool IsNull(std::string_view text) { return IsAnyOf(text, {"", "~", "null", "Null", "NULL"}); }
bool IsTrue(std::string_view text) {
  return IsAnyOf(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"});
}
bool IsFalse(std::string_view text) {
  return IsAnyOf(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"});
}

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
bool IsHexDigit(char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); }

size_t CountDigits(std::string_view text) {
  return static_cast<size_t>(std::find_if_not(text.begin(), text.end(), IsDigit) - text.begin());
}

// Takes the digits off the front; false if there are none.
bool ConsumeDigits(std::string_view* text) {
  const size_t count = CountDigits(*text);
  text->remove_prefix(count);
  return count > 0;
}

// A whole or broken number: [-+]? (0x hex | 0o octal | digits and at most one dot, with an exponent), .inf, .nan.
bool IsNumber(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (IsAnyOf(text, {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"})) return true;
  if (text.size() > 2 && text.starts_with("0x")) return absl::c_all_of(text.substr(2), IsHexDigit);
  if (text.size() > 2 && text.starts_with("0o")) return CountDigits(text.substr(2)) == text.size() - 2;
  bool digits = ConsumeDigits(&text);
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    digits |= ConsumeDigits(&text);
  }
  if (!digits) return false;
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return ConsumeDigits(&text) && text.empty();
}

Kind KindOfPlain(std::string_view text) {
  if (IsNull(text)) return Kind::kNull;
  if (IsTrue(text) || IsFalse(text)) return Kind::kBoolean;
  return IsNumber(text) ? Kind::kNumber : Kind::kString;
}

// RFC 3629: what protobuf demands of a string. yaml-cpp lets any octets pass.
bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto octet = [&](size_t at) { return at < text.size() ? static_cast<uint8_t>(text[at]) : uint8_t{0}; };
    const uint8_t first = octet(i);
    const size_t length = first < 0x80   ? 1
                          : first < 0xc2 ? 0
                          : first < 0xe0 ? 2
                          : first < 0xf0 ? 3
                          : first < 0xf5 ? 4
                                         : 0;
    if (length == 0) return false;
    for (size_t next = 1; next < length; ++next) {
      if ((octet(i + next) & 0xc0) != 0x80) return false;
    }
    const uint8_t second = octet(i + 1);
    const bool is_overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool is_beyond =
        (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);  // surrogates, U+110000
    if (is_overlong || is_beyond) return false;
    i += length;
  }
  return true;
}

std::string Quoted(std::string_view text) {
  std::string quoted = absl::Utf8SafeCEscape(std::string(text.substr(0, kMaxDescribed)));
  return fmt::format("\"{}{}\"", quoted, text.size() > kMaxDescribed ? "…" : "");
}

// Builds one document's tree from yaml-cpp's events. The only way to stop yaml-cpp is to throw what it throws itself;
// status() says then what was wrong.
class TreeBuilder final : public YAML::EventHandler {
 public:
  const YamlValue* root() const { return root_; }
  const YAML::Mark& start() const { return start_; }
  const absl::Status& status() const { return status_; }

  void OnDocumentStart(const YAML::Mark& mark) override { start_ = mark; }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { Scalar(mark, Kind::kNull, "", anchor); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    // yaml-cpp's tag of a scalar without one: "?" if plain, "!" if in quotes.
    const bool is_string = tag == "!" || tag == kStringTag;
    Scalar(mark, is_string ? Kind::kString : KindOfPlain(text), text, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto anchored = anchors_.find(anchor);
    if (anchored == anchors_.end()) Fail(mark, "found an alias inside of the value that it stands for");
    Place(mark, anchored->second.value, anchored->second.weight);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, Kind::kSequence, anchor);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, Kind::kMapping, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Anchored {
    const YamlValue* value;
    size_t weight;
  };
  struct OpenCollection {
    YamlValue* value;
    YAML::anchor_t anchor;
    size_t weight_before;                                               // of the document, when it opened
    const YamlValue* key = nullptr;                                     // of a mapping, while its value has not come
    absl::flat_hash_map<std::string_view, const YamlValue*> keys = {};  // of a mapping, so far
  };

  [[noreturn]] void Fail(const YAML::Mark& mark, const std::string& text) {
    status_ = YamlError(mark.line + 1, mark.column + 1, text);
    throw YAML::ParserException(mark, text);
  }

  YamlValue* NewValue(const YAML::Mark& mark, Kind kind) {
    YamlValue& value = values_.emplace_back();
    value.kind = kind;
    value.line = mark.line + 1;
    value.column = mark.column + 1;
    return &value;
  }

  void Scalar(const YAML::Mark& mark, Kind kind, std::string_view text, YAML::anchor_t anchor) {
    if (!IsUtf8(text)) Fail(mark, "found octets that are no UTF-8, expected text");
    YamlValue* value = NewValue(mark, kind);
    value->text = std::string(text);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = {value, 1};
    Place(mark, value, 1);
  }

  void Open(const YAML::Mark& mark, Kind kind, YAML::anchor_t anchor) {
    YamlValue* value = NewValue(mark, kind);
    const size_t weight_before = weight_;
    Place(mark, value, 1);
    open_.push_back({value, anchor, weight_before});
  }

  void Close() {
    OpenCollection& closed = open_.back();
    if (closed.keys.contains("<<")) Merge(&closed);
    if (closed.anchor != YAML::NullAnchor) anchors_[closed.anchor] = {closed.value, weight_ - closed.weight_before};
    open_.pop_back();
  }

  // Puts a value where the document has come to.
  void Place(const YAML::Mark& mark, const YamlValue* value, size_t weight) {
    weight_ += weight;
    if (weight_ > kMaxYamlValues) {
      Fail(mark, fmt::format("found too many values in one document, expected at most {}", kMaxYamlValues));
    }
    if (open_.empty()) {
      root_ = value;
    } else if (open_.back().value->kind == Kind::kSequence) {
      open_.back().value->items.push_back(value);
    } else if (open_.back().key == nullptr) {
      PlaceKey(mark, value);
    } else {
      YamlValue& mapping = *open_.back().value;
      mapping.keys.push_back(std::exchange(open_.back().key, nullptr));
      mapping.members.push_back(value);
    }
  }

  void PlaceKey(const YAML::Mark& mark, const YamlValue* key) {
    if (key->kind == Kind::kSequence || key->kind == Kind::kMapping) {
      Fail(mark, fmt::format("found {} as a key, expected a word", Describe(*key)));
    }
    const auto [first, is_new] = open_.back().keys.try_emplace(key->text, key);
    if (!is_new) {
      Fail(mark, fmt::format("found the key {} a second time, expected it once (it is in line {} as well)",
                             Quoted(key->text), first->second->line));
    }
    open_.back().key = key;
  }

  // A merge key (<<: *other, or a list of those): the mapping takes what it does not say itself, the first of a list
  // wins. What it takes has been weighed with the alias.
  void Merge(OpenCollection* collection) {
    YamlValue& mapping = *collection->value;
    const auto at = absl::c_find_if(mapping.keys, [](const YamlValue* key) { return key->text == "<<"; });
    const auto index = at - mapping.keys.begin();
    const YamlValue* merged = mapping.members[static_cast<size_t>(index)];
    mapping.keys.erase(at);
    mapping.members.erase(mapping.members.begin() + index);
    for (const YamlValue* other : merged->kind == Kind::kSequence ? merged->items : std::vector{merged}) {
      if (other->kind != Kind::kMapping) {
        YAML::Mark mark;
        mark.line = merged->line - 1;
        mark.column = merged->column - 1;
        Fail(mark, fmt::format("found {} at a merge key (<<), expected a mapping", Describe(*other)));
      }
      for (size_t i = 0; i < other->keys.size(); ++i) {
        if (!collection->keys.try_emplace(other->keys[i]->text, other->keys[i]).second) continue;
        mapping.keys.push_back(other->keys[i]);
        mapping.members.push_back(other->members[i]);
      }
    }
  }

  absl::Status status_;
  YAML::Mark start_;
  std::deque<YamlValue> values_;
  const YamlValue* root_ = nullptr;
  size_t weight_ = 0;  // values placed so far, an alias for all that it repeats
  absl::flat_hash_map<YAML::anchor_t, Anchored> anchors_;
  std::vector<OpenCollection> open_;
};

// Builds the next document; `found` says whether there was one. What yaml-cpp throws ends here.
absl::Status BuildNext(YAML::Parser& parser, TreeBuilder& builder, bool* found) {
  try {
    *found = parser.HandleNextDocument(builder);
    return absl::OkStatus();
  } catch (const YAML::Exception& error) {
    if (!builder.status().ok()) return builder.status();
    const YAML::Mark mark = error.mark.is_null() ? YAML::Mark() : error.mark;
    const bool is_deep = dynamic_cast<const YAML::DeepRecursion*>(&error) != nullptr;
    return YamlError(mark.line + 1, mark.column + 1,
                     fmt::format("not YAML: {}", is_deep ? "nested too deep" : error.msg));
  } catch (const std::exception& error) {
    return YamlError(1, 1, fmt::format("not YAML: {}", error.what()));
  }
}

}  // namespace

const YamlValue* YamlValue::Find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i]->text == key) return members[i]->kind == Kind::kNull ? nullptr : members[i];
  }
  return nullptr;
}

bool ParseWholeNumber(const YamlValue& value, int64_t* number) {
  if (value.kind != Kind::kNumber) return false;
  std::string_view text = value.text;
  if (text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.starts_with("0x")) {
    text.remove_prefix(2);
    base = 16;
  } else if (text.size() > 1 && text[0] == '0') {
    return false;  // octal to YAML 1.1, decimal to 1.2
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number, base);
  return error == std::errc() && end == text.data() + text.size();
}

bool BooleanOf(const YamlValue& value) { return IsTrue(value.text); }

std::string Describe(const YamlValue& value) {
  switch (value.kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kBoolean:
    case Kind::kNumber:
      return value.text.substr(0, kMaxDescribed);
    case Kind::kString:
      return Quoted(value.text);
    case Kind::kSequence:
      return "a list";
    case Kind::kMapping:
      return "a mapping";
  }
  return "";
}

absl::Status YamlError(int line, int column, std::string_view text) {
  return absl::InvalidArgumentError(fmt::format("{}:{}: {}", line, column, text));
}

absl::Status ReadYaml(std::string_view text, absl::FunctionRef<absl::Status(const YamlValue& root)> visit) {
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  int last_start = -1;
  while (true) {
    TreeBuilder builder;
    bool found = false;
    RETURN_IF_ERROR(BuildNext(parser, builder, &found));
    if (!found) return absl::OkStatus();
    // At a token that begins nothing yaml-cpp 0.7 finds one empty document after the other.
    const YAML::Mark& start = builder.start();
    if (start.pos == last_start) return YamlError(start.line + 1, start.column + 1, "not YAML: unexpected here");
    last_start = start.pos;
    const YamlValue* root = builder.root();
    if (root != nullptr && root->kind != Kind::kNull) RETURN_IF_ERROR(visit(*root));
  }
}

}  // namespace podnamed::controller
