#include "server/dns/record_text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/base/status.h"
#include "server/dns/rdata_parser.h"

namespace podnamed::dns {
namespace {

struct Word {
  std::string text;  // without quotes; escapes are as they stand there
  size_t column = 1;
  bool is_quoted = false;
};

absl::Status Wrong(size_t column, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(what, ", at column ", column));
}

std::string Shown(const Word& word) {
  constexpr size_t kMost = 40;
  const std::string text = absl::CHexEscape(word.text.substr(0, kMost));
  return absl::StrCat("\"", text, word.text.size() > kMost ? "…\"" : "\"");
}

// The words of a record. White space, parentheses and comments are between them.
absl::StatusOr<std::vector<Word>> Split(std::string_view text) {
  std::vector<Word> words;
  size_t open = 0;  // where the parenthesis stands
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '(' || c == ')') {
      if ((c == '(') == (open > 0)) return Wrong(at + 1, "a parenthesis without its other half");
      open = c == '(' ? at + 1 : 0;
      ++at;
    } else if (c == ';') {
      at = std::min(text.find('\n', at), text.size());
    } else if (absl::ascii_isspace(static_cast<uint8_t>(c))) {
      if (c == '\n' && open == 0 && text.find_first_not_of(" \t\r\n", at) != std::string_view::npos) {
        return Wrong(at + 1, "a second line; expected parentheses around what belongs together");
      }
      ++at;
    } else {
      Word& word = words.emplace_back();
      word.column = at + 1;
      word.is_quoted = c == '"';
      bool in_quotes = false;
      for (; at < text.size(); ++at) {
        const char octet = text[at];
        if (octet == '"') {
          in_quotes = !in_quotes;
          continue;
        }
        if (!in_quotes &&
            (absl::ascii_isspace(static_cast<uint8_t>(octet)) || octet == ';' || octet == '(' || octet == ')'))
          break;
        word.text += octet;
        if (octet == '\\' && at + 1 < text.size()) word.text += text[++at];
      }
      if (in_quotes) return Wrong(word.column, "a quote that is never closed");
    }
  }
  if (open > 0) return Wrong(open, "a parenthesis without its other half");
  return words;
}

// What the words from `first` on say. Errors name the column.
absl::StatusOr<std::string> ParseRdataOf(RecordType type, const std::vector<Word>& words, size_t first,
                                         size_t end_column, const Name& origin) {
  std::vector<TextWord> rest;
  for (size_t i = first; i < words.size(); ++i)
    rest.push_back({.text = words[i].text, .is_quoted = words[i].is_quoted});
  size_t fault = 0;
  absl::StatusOr<std::string> rdata = ParseRdata(type, rest, origin, fault);
  if (rdata.ok()) return rdata;
  const size_t at = first + fault;
  return Wrong(at < words.size() ? words[at].column : end_column, std::string(rdata.status().message()));
}

bool StartsWithDigit(const Word& word) {
  return !word.text.empty() && absl::ascii_isdigit(static_cast<uint8_t>(word.text[0]));
}

// Types that no record has (RFC 6895 section 3.1).
bool IsForQuestionsAlone(RecordType type) {
  const auto number = static_cast<uint16_t>(type);
  return number == 0 || type == RecordType::kOpt || (number >= 128 && number <= 255);
}

}  // namespace

absl::StatusOr<ParsedRecord> ParseRecord(std::string_view text, const RecordDefaults& defaults) {
  ASSIGN_OR_RETURN(const std::vector<Word> words, Split(text));
  const size_t end_column = text.size() + 1;
  const Name origin = Name::FromWire(defaults.origin);
  size_t next = 0;
  ParsedRecord record;
  const bool has_owner = !text.empty() && !absl::ascii_isspace(static_cast<uint8_t>(text[0]));
  if (has_owner && !words.empty()) {
    const Word& word = words[next++];
    absl::StatusOr<Name> owner = ParseRelativeName({.text = word.text, .is_quoted = word.is_quoted}, origin);
    if (!owner.ok()) return Wrong(word.column, std::string(owner.status().message()));
    record.owner = *std::move(owner);
  } else {
    if (defaults.owner.empty()) return Wrong(1, "the record has no owner");
    record.owner = Name::FromWire(defaults.owner);
  }

  std::optional<uint32_t> ttl;
  std::optional<RecordClass> record_class;
  std::optional<RecordType> type;
  while (!type) {
    if (next == words.size()) return Wrong(end_column, "the record has no type");
    const Word& word = words[next++];
    if (!ttl && StartsWithDigit(word)) {
      ttl = ParseSeconds(word.text);
      if (!ttl) return Wrong(word.column, absl::StrCat(Shown(word), " is no TTL up to 2147483647 seconds"));
      continue;
    }
    const std::optional<RecordClass> read = record_class ? std::nullopt : ParseRecordClass(word.text);
    if (read && *read != RecordClass::kAny && *read != RecordClass::kNone) {
      record_class = read;
      continue;
    }
    type = ParseRecordType(word.text);
    if (!type || IsForQuestionsAlone(*type)) {
      return Wrong(word.column, absl::StrCat(Shown(word), " is no type of record"));
    }
  }
  if (!ttl && !defaults.ttl) return Wrong(end_column, "the record has no TTL, and there is none to take");
  record.ttl = ttl ? *ttl : *defaults.ttl;
  record.record_class = record_class.value_or(defaults.record_class);
  record.type = *type;
  ASSIGN_OR_RETURN(record.rdata, ParseRdataOf(*type, words, next, end_column, origin));
  return record;
}

}  // namespace podnamed::dns
