// From the Corefile's words to a tree of server blocks and directives, with snippets and imports put in their places
// and environment variables replaced. It knows no plugin: what a directive means is the business of options.h.
//
//   ZONE[, ZONE]… {          a server block; one without braces reaches to the end of the text
//     DIRECTIVE ARGUMENT… {  the block is optional, and may hold blocks again
//       PROPERTY ARGUMENT…
//     }
//   }
//   (NAME) { … }             a snippet: words to be imported below
//   import NAME|FILE|GLOB    at the start of a line, anywhere; as if the words stood there. A file is looked for from
//                            the directory of the importing file; a GLOB (with one "*" or "?") may match nothing
//   {$NAME} {%NAME%}         an environment variable, in any word, quoted or not; what it holds stays in that one word
//
// One thread.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "config/environment.h"
#include "config/error_list.h"
#include "config/lexer.h"
#include "config/position.h"

namespace podnamed::config {

// One line, and the block behind it.
struct Directive {
  Token name;
  std::vector<Token> arguments;
  bool has_block = false;
  std::vector<Directive> block;
};

struct ServerBlock {
  Position position;  // of its first word
  std::vector<Token> keys;
  std::vector<Directive> directives;
};

struct Document {
  std::deque<Source> sources;  // what every Position points into; its elements never move
  std::vector<ServerBlock> blocks;
};

// `text` is the content of `file`. Errors go to `errors`, and the tree holds everything that could be understood.
// Bounded: 10,000 imports, 1,000,000 words after them, 64 blocks within each other.
Document ParseCorefile(std::string_view text, const std::string& file, const Environment& environment,
                       ErrorList& errors);

}  // namespace podnamed::config
