#include "config/lexer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"

namespace podnamed::config {
namespace {

// White space beyond ASCII, in UTF-8 (Unicode's White_Space, as Go's unicode.IsSpace has it).
constexpr std::array<std::string_view, 19> kWideSpaces = {
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83",
    "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a",
    "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

// How many octets the white space at the start of `text` takes; 0 if there is none.
size_t SpaceLength(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return absl::ascii_isspace(first) ? 1 : 0;
  for (const std::string_view space : kWideSpaces) {
    if (text.starts_with(space)) return space.size();
  }
  return 0;
}

// True if nothing but a comment stands before the next line.
bool AtLineEnd(std::string_view text) {
  while (!text.empty() && text.front() != '\n' && text.front() != '#') {
    const size_t space = SpaceLength(text);
    if (space == 0) return false;
    text.remove_prefix(space);
  }
  return true;
}

class Lexer {
 public:
  Lexer(std::string_view text, const Source& source, ErrorList& errors)
      : rest_(text), position_{.source = &source}, errors_(errors) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
  }

  std::vector<Token> Run() {
    while (!rest_.empty() && !broken_) {
      if (const size_t space = SpaceLength(rest_); space > 0) {
        if (rest_.front() == '\n') starts_line_ = true;
        Skip(space);
      } else if (rest_.front() == '#') {
        Skip(std::min(rest_.find('\n'), rest_.size()));
      } else {
        Add(rest_.front() == '"' ? ReadQuoted() : ReadWord());
      }
    }
    if (!broken_ && !open_.empty()) {
      Break(open_.back(), "\"{{\" is never closed; expected \"}}\" before the end of the file");
    }
    return std::move(tokens_);
  }

 private:
  // Moves on by `count` octets, keeping line and column.
  void Skip(size_t count) {
    for (const char octet : rest_.substr(0, count)) {
      if (octet == '\n') {
        ++position_.line;
        position_.column = 1;
      } else if ((static_cast<unsigned char>(octet) & 0xc0) != 0x80) {  // not inside of a UTF-8 character
        ++position_.column;
      }
    }
    rest_.remove_prefix(count);
  }

  Token ReadWord() {
    size_t length = 0;
    while (length < rest_.size() && rest_[length] != '#' && SpaceLength(rest_.substr(length)) == 0) ++length;
    Token token = {.text = std::string(rest_.substr(0, length)), .position = position_, .starts_line = starts_line_};
    if (token.text == "{") token.kind = Token::Kind::kOpen;
    if (token.text == "}") token.kind = Token::Kind::kClose;
    Skip(length);
    // The commonest slip, "cluster.local{". It opens nothing, and the closing brace would get the blame.
    if (length > 1 && token.text.ends_with("{") && !token.text.ends_with("{{") && AtLineEnd(rest_)) {
      Break(token.position, "{} ends with a brace; expected a space before \"{{\"", Quoted(token.text));
    }
    return token;
  }

  Token ReadQuoted() {
    Token token = {.text = "", .position = position_, .starts_line = starts_line_};
    size_t next = 1;
    while (next < rest_.size() && rest_[next] != '"') {
      if (rest_[next] == '\\' && next + 1 < rest_.size()) {
        if (rest_[next + 1] != '"') token.text += '\\';
        ++next;
      }
      token.text += rest_[next++];
    }
    if (next == rest_.size()) {
      Break(position_, "a quote is never closed; expected '\"' before the end of the file");
      return token;
    }
    Skip(next + 1);
    return token;
  }

  void Add(Token token) {
    if (broken_) return;
    starts_line_ = false;
    if (token.kind == Token::Kind::kOpen) open_.push_back(token.position);
    if (token.kind == Token::Kind::kClose) {
      if (open_.empty()) return Break(token.position, "\"}}\" closes nothing; expected \"{{\" before it");
      open_.pop_back();
    }
    const bool closed_block = token.kind == Token::Kind::kClose && open_.empty();
    tokens_.push_back(std::move(token));
    if (closed_block) intact_ = tokens_.size();
  }

  // What follows the last closed block cannot be understood, so it is not guessed at.
  template <typename... Args>
  void Break(const Position& position, fmt::format_string<Args...> message, Args&&... args) {
    errors_.Add(position, message, std::forward<Args>(args)...);
    tokens_.resize(intact_);
    broken_ = true;
  }

  std::string_view rest_;
  Position position_;  // of rest_
  ErrorList& errors_;
  bool starts_line_ = true;
  bool broken_ = false;
  std::vector<Token> tokens_;
  std::vector<Position> open_;  // braces not closed yet
  size_t intact_ = 0;           // the tokens up to the last brace that closed everything
};

}  // namespace

std::vector<Token> Lex(std::string_view text, const Source& source, ErrorList& errors) {
  return Lexer(text, source, errors).Run();
}

}  // namespace podnamed::config
