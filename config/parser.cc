#include "config/parser.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "config/suggest.h"

namespace podnamed::config {
namespace {

constexpr size_t kMostImports = 10'000;
constexpr size_t kMostWords = 1'000'000;
constexpr int kDeepestBlock = 64;

// Replaces {$NAME} and {%NAME%}. What a variable holds is not searched for further ones.
std::string ExpandVariables(std::string_view text, const Environment& environment) {
  std::string expanded;
  while (!text.empty()) {
    std::string_view end;
    if (text.starts_with("{$")) end = "}";
    if (text.starts_with("{%")) end = "%}";
    const size_t length = end.empty() ? std::string_view::npos : text.find(end, 2);
    if (length == std::string_view::npos || length == 2) {
      expanded += text.front();
      text.remove_prefix(1);
    } else {
      expanded += environment.Variable(std::string(text.substr(2, length - 2)));
      text.remove_prefix(length + end.size());
    }
  }
  return expanded;
}

bool IsSnippetKey(std::string_view key) { return key.size() >= 2 && key.starts_with("(") && key.ends_with(")"); }

class Parser {
 public:
  Parser(const Environment& environment, ErrorList& errors) : environment_(environment), errors_(errors) {}

  Document Run(std::string_view text, const std::string& file) {
    const std::string path = std::filesystem::path(file).lexically_normal().string();
    const Source& source = AddSource({.file = path, .snippet = "", .imported_at = std::nullopt});
    Insert(LexFile(text, source), {.source = &source});
    while (!AtEnd()) {
      if (IsImport(Peek())) {
        Import();
      } else {
        ReadServerBlock();
      }
    }
    return std::move(document_);
  }

 private:
  struct Snippet {
    Position defined_at;
    std::vector<Token> body;
  };

  // The words that lie ahead.
  bool AtEnd() const { return ahead_.empty(); }
  const Token& Peek() const { return ahead_.back(); }
  bool NextIs(Token::Kind kind) const { return !AtEnd() && Peek().kind == kind; }
  Token Next() {
    Token token = std::move(ahead_.back());
    ahead_.pop_back();
    return token;
  }

  // Puts words in front of those that lie ahead, on behalf of an import.
  void Insert(std::vector<Token> tokens, const Position& import) {
    if (tokens.size() > kMostWords - word_count_) {
      errors_.Add(import, "too many words; expected at most {} with all imports", kMostWords);
      return;
    }
    word_count_ += tokens.size();
    std::move(tokens.rbegin(), tokens.rend(), std::back_inserter(ahead_));
  }

  const Source& AddSource(Source source) { return document_.sources.emplace_back(std::move(source)); }

  std::vector<Token> LexFile(std::string_view text, const Source& source) {
    std::vector<Token> tokens = Lex(text, source, errors_);
    for (Token& token : tokens) {
      if (token.kind == Token::Kind::kWord) token.text = ExpandVariables(token.text, environment_);
    }
    return tokens;
  }

  // A server block or a snippet.
  void ReadServerBlock() {
    ServerBlock block = {.position = Peek().position, .keys = ReadKeys(), .directives = {}};
    if (block.keys.size() == 1 && IsSnippetKey(block.keys.front().text)) {
      DefineSnippet(block.keys.front());
      return;
    }
    if (block.keys.empty()) {
      errors_.Add(block.position, "a server block without a zone (a variable may be unset); expected \"ZONE {{\"");
    }
    if (NextIs(Token::Kind::kOpen)) {
      block.directives = ReadBlock(1);
    } else {
      block.directives = ReadDirectives(1);
    }
    document_.blocks.push_back(std::move(block));
  }

  // Zones up to the end of the line or an opening brace; after a comma they go on.
  std::vector<Token> ReadKeys() {
    std::vector<Token> keys;
    std::optional<Position> comma;  // nothing stood behind it yet
    bool first = true;
    while (NextIs(Token::Kind::kWord) && (first || comma || !Peek().starts_line)) {
      if (IsImport(Peek())) {
        Import();
        continue;
      }
      const Token word = Next();
      first = false;
      if (!word.text.empty()) comma.reset();
      if (word.text.ends_with(",")) comma = word.position;
      AddKeys(word, keys);
    }
    if (comma) errors_.Add(*comma, "no zone follows the comma; expected another zone, or no comma");
    return keys;
  }

  // The parts of "a,b,"; a comma needs no space behind it.
  static void AddKeys(const Token& word, std::vector<Token>& keys) {
    for (size_t start = 0; start < word.text.size();) {
      const size_t end = std::min(word.text.find(',', start), word.text.size());
      if (end > start) {
        keys.push_back(word);
        keys.back().text = word.text.substr(start, end - start);
      }
      start = end + 1;
    }
  }

  void DefineSnippet(const Token& key) {
    const std::string name = key.text.substr(1, key.text.size() - 2);
    if (!NextIs(Token::Kind::kOpen)) {
      errors_.Add(key.position, "snippet {} has no block; expected \"{{\" behind it", Quoted(key.text));
      return;
    }
    std::vector<Token> body = ReadBalanced();
    if (!body.empty()) body.front().starts_line = true;
    if (name.empty()) {
      errors_.Add(key.position, "a snippet without a name; expected \"(NAME) {{\"");
      return;
    }
    const auto [snippet, added] = snippets_.try_emplace(name, Snippet{key.position, std::move(body)});
    if (!added) {
      errors_.Add(key.position, "snippet {} is defined a second time; expected once, first at {}", Quoted(name),
                  PositionText(snippet->second.defined_at));
    }
  }

  // "{" and all up to its "}"; what is between them. REQUIRES: "{" is next.
  std::vector<Token> ReadBalanced() {
    std::vector<Token> body;
    int depth = 0;
    do {
      Token token = Next();
      if (token.kind == Token::Kind::kOpen) ++depth;
      if (token.kind == Token::Kind::kClose) --depth;
      body.push_back(std::move(token));
    } while (depth > 0);
    body.pop_back();
    body.erase(body.begin());
    return body;
  }

  // REQUIRES: "{" is next.
  std::vector<Directive> ReadBlock(int depth) {
    if (depth > kDeepestBlock) {
      errors_.Add(Peek().position, "too many blocks within each other; expected at most {}", kDeepestBlock);
      ReadBalanced();
      return {};
    }
    Next();
    std::vector<Directive> directives = ReadDirectives(depth);
    Next();
    if (depth > 1 && NextIs(Token::Kind::kWord) && !Peek().starts_line) {
      errors_.Add(Peek().position, "{} stands behind \"}}\"; expected a new line", Quoted(Peek().text));
    }
    return directives;
  }

  // Lines up to the "}" of their block, or to the end of the text.
  std::vector<Directive> ReadDirectives(int depth) {
    std::vector<Directive> directives;
    while (!AtEnd() && Peek().kind != Token::Kind::kClose) {
      if (Peek().kind == Token::Kind::kOpen) {
        errors_.Add(Peek().position, "\"{{\" without a word before it; expected a directive");
        ReadBalanced();
      } else if (Peek().text == "import") {
        Import();
      } else {
        directives.push_back(ReadDirective(depth));
      }
    }
    return directives;
  }

  Directive ReadDirective(int depth) {
    Directive directive;
    directive.name = Next();
    directive.arguments = ReadArguments();
    if (NextIs(Token::Kind::kOpen)) {
      directive.has_block = true;
      directive.block = ReadBlock(depth + 1);
    }
    return directive;
  }

  std::vector<Token> ReadArguments() {
    std::vector<Token> arguments;
    while (NextIs(Token::Kind::kWord) && !Peek().starts_line) arguments.push_back(Next());
    return arguments;
  }

  static bool IsImport(const Token& token) {
    return token.kind == Token::Kind::kWord && token.starts_line && token.text == "import";
  }

  // REQUIRES: the word "import" is next.
  void Import() {
    const Position import = Next().position;
    const std::vector<Token> arguments = ReadArguments();
    if (arguments.size() != 1) {
      errors_.Add(import, "import has {} arguments; expected one: a snippet or a file", arguments.size());
      return;
    }
    const std::string& wanted = arguments.front().text;
    if (wanted.empty()) {
      errors_.Add(import, "import has an empty argument (a variable may be unset); expected a snippet or a file");
      return;
    }
    if (const auto snippet = snippets_.find(wanted); snippet != snippets_.end()) {
      ImportSnippet(snippet->first, snippet->second, import);
    } else {
      ImportFiles(wanted, import);
    }
  }

  void ImportSnippet(const std::string& name, const Snippet& snippet, const Position& import) {
    const std::string& file = snippet.defined_at.source->file;
    if (!MayImport(file, name, import)) return;
    const Source& source = AddSource({.file = file, .snippet = name, .imported_at = import});
    std::vector<Token> tokens = snippet.body;
    for (Token& token : tokens) token.position.source = &source;
    Insert(std::move(tokens), import);
  }

  void ImportFiles(const std::string& wanted, const Position& import) {
    const std::filesystem::path directory = std::filesystem::path(import.source->file).parent_path();
    const std::string pattern = (directory / wanted).lexically_normal().string();
    std::vector<std::string> files = {pattern};
    const bool is_glob = wanted.find_first_of("*?[") != std::string::npos;
    if (is_glob) {
      if (std::count(wanted.begin(), wanted.end(), '*') > 1 || std::count(wanted.begin(), wanted.end(), '?') > 1 ||
          wanted.find('[') != std::string::npos) {
        errors_.Add(import, "pattern {} has several wildcards; expected at most one \"*\"", Quoted(wanted));
        return;
      }
      files = environment_.Glob(pattern);
    }
    std::vector<Token> tokens;
    for (const std::string& file : files) {
      const absl::StatusOr<std::string> text = environment_.ReadFile(file);
      if (!text.ok()) {
        ReportUnreadable(wanted, file, text.status(), import);
      } else if (MayImport(file, "", import)) {
        const Source& source = AddSource({.file = file, .snippet = "", .imported_at = import});
        std::vector<Token> imported = LexFile(*text, source);
        std::move(imported.begin(), imported.end(), std::back_inserter(tokens));
      }
    }
    Insert(std::move(tokens), import);
  }

  void ReportUnreadable(std::string_view wanted, const std::string& file, const absl::Status& reason,
                        const Position& import) {
    if (!absl::IsNotFound(reason)) {
      errors_.Add(import, "file {} cannot be read: {}; expected a readable file", Quoted(file),
                  std::string(reason.message()));
      return;
    }
    std::vector<std::string_view> names;
    for (const auto& [name, snippet] : snippets_) names.push_back(name);
    errors_.Add(import, "{} is neither a snippet defined above nor a file ({}); expected one of them{}", Quoted(wanted),
                Quoted(file), DidYouMean(wanted, names));
  }

  // False, and an error, if `file` or its snippet is being imported already, or there were too many imports.
  bool MayImport(const std::string& file, const std::string& snippet, const Position& import) {
    for (const Source* source = import.source; source != nullptr; source = Importer(*source)) {
      if (source->file == file && source->snippet == snippet) {
        errors_.Add(import, "{} {} imports itself ({}); expected no circle", snippet.empty() ? "file" : "snippet",
                    Quoted(snippet.empty() ? file : snippet), ImportPath(*source, import));
        return false;
      }
    }
    if (import_count_ == kMostImports) {
      errors_.Add(import, "too many imports; expected at most {}", kMostImports);
      return false;
    }
    ++import_count_;
    return true;
  }

  static const Source* Importer(const Source& source) {
    return source.imported_at ? source.imported_at->source : nullptr;
  }

  // The imports that lead from `start` to `last`: "Corefile:1:1, a:1:1".
  static std::string ImportPath(const Source& start, const Position& last) {
    std::string path = PositionText(last);
    for (Position at = last; at.source != &start;) {
      at = *at.source->imported_at;
      path = fmt::format("{}, {}", PositionText(at), path);
    }
    return path;
  }

  const Environment& environment_;
  ErrorList& errors_;
  Document document_;
  std::vector<Token> ahead_;  // the next word last
  std::map<std::string, Snippet> snippets_;
  size_t import_count_ = 0;
  size_t word_count_ = 0;
};

}  // namespace

Document ParseCorefile(std::string_view text, const std::string& file, const Environment& environment,
                       ErrorList& errors) {
  return Parser(environment, errors).Run(text, file);
}

}  // namespace podnamed::config
