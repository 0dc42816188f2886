#include "server/zone/zone_lexer.h"

#include <algorithm>

namespace podnamed::zone {
namespace {

constexpr std::string_view kEndsWord = " \t\r\n;\"()";

}  // namespace

ZoneLexer::Result ZoneLexer::Next(ZoneEntry& entry) {
  entry.words.clear();
  entry.starts_with_blank = at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t');
  size_t depth = 0;
  ZoneWord parenthesis;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '\n') {
      const size_t end = at_++;
      entry.end_line = line_++;
      entry.end_column = end - line_start_ + 1;
      line_start_ = at_;
      if (depth > 0) continue;
      if (!entry.words.empty()) return Result::kEntry;
      entry.starts_with_blank = at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t');
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
    } else if (c == ';') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (c == '(') {
      if (depth++ == 0) parenthesis = WordAt(at_, at_ + 1, false);
      ++at_;
    } else if (c == ')') {
      if (depth == 0) {
        entry.words.push_back(WordAt(at_, at_ + 1, false));
        SkipLine();
        return Result::kNotOpen;
      }
      --depth;
      ++at_;
    } else {
      const bool is_quoted = c == '"';
      const size_t start = is_quoted ? at_ + 1 : at_;
      const size_t end = EndOfWord(is_quoted);
      if (end == std::string_view::npos) {
        entry.words.push_back(WordAt(at_, at_ + 1, false));
        SkipLine();
        return Result::kOpenQuote;
      }
      entry.words.push_back(WordAt(start, end, is_quoted));
      at_ = is_quoted ? end + 1 : end;
    }
  }
  if (depth > 0) {
    entry.words.push_back(parenthesis);
    return Result::kOpenParenthesis;
  }
  entry.end_line = line_;
  entry.end_column = at_ - line_start_ + 1;
  return entry.words.empty() ? Result::kEnd : Result::kEntry;
}

ZoneWord ZoneLexer::WordAt(size_t start, size_t end, bool is_quoted) const {
  return {.word = {text_.substr(start, end - start), is_quoted}, .line = line_, .column = start - line_start_ + 1};
}

size_t ZoneLexer::EndOfWord(bool is_quoted) const {
  const std::string_view ends = is_quoted ? std::string_view("\"\n") : kEndsWord;
  size_t at = is_quoted ? at_ + 1 : at_;
  while (at < text_.size() && ends.find(text_[at]) == std::string_view::npos) {
    // What follows a backslash is no end, but for the line's.
    const bool escapes = text_[at] == '\\' && at + 1 < text_.size() && text_[at + 1] != '\n';
    at += escapes ? 2 : 1;
  }
  if (is_quoted && (at == text_.size() || text_[at] == '\n')) return std::string_view::npos;
  return at;
}

// What is left of a line that is wrong would only be wrong again.
void ZoneLexer::SkipLine() { at_ = std::min(text_.find('\n', at_), text_.size()); }

}  // namespace podnamed::zone
