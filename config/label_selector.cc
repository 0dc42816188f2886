#include "config/label_selector.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "config/error_list.h"
#include "server/base/status.h"

namespace podnamed::config {
namespace {

using state::LabelRequirement;
using Operator = LabelRequirement::Operator;

constexpr size_t kMaxKey = 317;  // a prefix of 253, "/", a name of 63
constexpr size_t kMaxValue = 63;

bool IsWordCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' || c == '/';
}

// Reads requirements from the front of the text to its end.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  absl::StatusOr<std::vector<LabelRequirement>> Read() {
    std::vector<LabelRequirement> requirements;
    do {
      LabelRequirement requirement;
      RETURN_IF_ERROR(ReadRequirement(requirement));
      requirements.push_back(std::move(requirement));
    } while (Take(","));
    if (!rest_.empty()) return Unexpected("\",\" or the end");
    return requirements;
  }

 private:
  absl::Status ReadRequirement(LabelRequirement& requirement) {
    const bool negated = Take("!");
    ASSIGN_OR_RETURN(requirement.key, ReadWord("a label", kMaxKey));
    if (requirement.key.empty()) return Unexpected("a label");
    if (negated) {
      requirement.op = Operator::kDoesNotExist;
    } else if (Take("!=")) {
      requirement.op = Operator::kNotIn;
      return ReadValue(requirement);
    } else if (Take("==") || Take("=")) {
      requirement.op = Operator::kIn;
      return ReadValue(requirement);
    } else if (TakeWord("notin")) {
      requirement.op = Operator::kNotIn;
      return ReadValues(requirement);
    } else if (TakeWord("in")) {
      requirement.op = Operator::kIn;
      return ReadValues(requirement);
    } else {
      requirement.op = Operator::kExists;
    }
    return absl::OkStatus();
  }

  // It may be empty: the label without a value.
  absl::Status ReadValue(LabelRequirement& requirement) {
    ASSIGN_OR_RETURN(std::string value, ReadWord("a value", kMaxValue));
    requirement.values.push_back(std::move(value));
    return absl::OkStatus();
  }

  absl::Status ReadValues(LabelRequirement& requirement) {
    if (!Take("(")) return Unexpected("\"(\" and values");
    do {
      RETURN_IF_ERROR(ReadValue(requirement));
    } while (Take(","));
    return Take(")") ? absl::OkStatus() : Unexpected("\",\" or \")\"");
  }

  absl::StatusOr<std::string> ReadWord(std::string_view what, size_t max_size) {
    SkipSpace();
    size_t size = 0;
    while (size < rest_.size() && IsWordCharacter(rest_[size])) ++size;
    if (size > max_size) return Wrong("{} of {} characters; expected at most {}", what, size, max_size);
    std::string word(rest_.substr(0, size));
    rest_.remove_prefix(size);
    SkipSpace();
    return word;
  }

  bool Take(std::string_view sign) {
    SkipSpace();
    if (!rest_.starts_with(sign)) return false;
    rest_.remove_prefix(sign.size());
    SkipSpace();
    return true;
  }
  bool TakeWord(std::string_view word) {
    const bool is_whole =
        rest_.size() == word.size() || (rest_.size() > word.size() && !IsWordCharacter(rest_[word.size()]));
    return is_whole && Take(word);
  }
  void SkipSpace() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  absl::Status Unexpected(std::string_view expected) const {
    if (rest_.empty()) return Wrong("the selector ends; expected {}", expected);
    return Wrong("{} in the selector; expected {}", Quoted(rest_), expected);
  }

  std::string_view rest_;
};

}  // namespace

absl::StatusOr<state::LabelSelector> ParseLabelSelector(std::string_view text) {
  ASSIGN_OR_RETURN(std::vector<LabelRequirement> requirements, Reader(text).Read());
  return state::LabelSelector(std::move(requirements));
}

}  // namespace podnamed::config
