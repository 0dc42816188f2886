// The Corefile's words: what Caddy's lexer makes of a text (github.com/coredns/caddy, caddyfile/lexer.go), with
// columns, and with an error where Caddy guesses. Pure; one thread.
//
// Words are separated by white space (Unicode's). Outside of quotes "#" starts a comment wherever it stands, even in a
// word. A double quote at the start of a word opens a quoted one: it may hold white space, "#" and line ends; \" is a
// quote, every other backslash stands for itself. Outside of quotes backslashes mean nothing, so there are no
// continuation lines. A brace is one if it is a word of its own; in "{$HOME}" or "{{" it is a letter. A byte order mark
// and the carriage return of a line end are passed over.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/error_list.h"
#include "config/position.h"

namespace podnamed::config {

struct Token {
  enum class Kind { kWord, kOpen, kClose };

  Kind kind = Kind::kWord;
  std::string text;  // without the quotes
  Position position;
  bool starts_line = false;
};

// The words of one file. Braces of the result are balanced: where a quote or a brace is never closed, or a brace closes
// nothing, `errors` gets that error, and what stands before the broken place is returned up to its last closed block.
std::vector<Token> Lex(std::string_view text, const Source& source, ErrorList& errors);

}  // namespace podnamed::config
