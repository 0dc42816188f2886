#include "server/zone/zone_file.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "server/zone/zone_builder.h"
#include "server/zone/zone_lexer.h"

namespace podnamed::zone {
namespace {

using dns::RecordType;
using dns::TextWord;

constexpr size_t kMostErrors = 20;
constexpr size_t kMostIncludes = 1000;
constexpr int kDeepestInclude = 7;           // CoreDNS's
constexpr uint32_t kMostGenerated = 65'536;  // of one $GENERATE: a network of sixteen bits

std::string Quoted(std::string_view text) { return absl::StrCat("\"", absl::CHexEscape(std::string(text)), "\""); }

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

// What $GENERATE counts: "1-10", "0-254/2".
struct Range {
  uint32_t first = 0;
  uint32_t last = 0;
  uint32_t step = 1;
};

std::optional<Range> ParseRange(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const size_t slash = std::min(text.find('/'), text.size());
  if (slash < dash) return std::nullopt;
  const auto first = ParseNumber<uint32_t>(text.substr(0, dash));
  const auto last = ParseNumber<uint32_t>(text.substr(dash + 1, slash - dash - 1));
  const auto step = slash == text.size() ? std::optional<uint32_t>(1) : ParseNumber<uint32_t>(text.substr(slash + 1));
  if (!first || !last || !step || *step == 0 || *last < *first) return std::nullopt;
  if ((*last - *first) / *step >= kMostGenerated) return std::nullopt;
  return Range{*first, *last, *step};
}

// "${offset[,width[,base]]}" between its braces, for the number at hand.
std::optional<std::string> FormatNumber(std::string_view modifier, int64_t number) {
  constexpr int kWidest = 63;
  const size_t first = std::min(modifier.find(','), modifier.size());
  const size_t second = first == modifier.size() ? first : std::min(modifier.find(',', first + 1), modifier.size());
  const auto offset = ParseNumber<int32_t>(modifier.substr(0, first));
  const auto width =
      first == modifier.size() ? std::optional(0) : ParseNumber<int>(modifier.substr(first + 1, second - first - 1));
  const std::string_view base = second == modifier.size() ? "d" : modifier.substr(second + 1);
  if (!offset || !width || *width < 0 || *width > kWidest || number + *offset < 0) return std::nullopt;
  const auto value = static_cast<uint64_t>(number + *offset);
  if (base == "d") return absl::StrFormat("%0*d", *width, value);
  if (base == "o") return absl::StrFormat("%0*o", *width, value);
  if (base == "x") return absl::StrFormat("%0*x", *width, value);
  if (base == "X") return absl::StrFormat("%0*X", *width, value);
  return std::nullopt;
}

// The word with the number in place of each "$"; std::nullopt for a modifier that is none.
std::optional<std::string> Generate(std::string_view word, int64_t number) {
  std::string text;
  for (size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '\\' && i + 1 < word.size()) {
      if (word[i + 1] != '$') text.push_back('\\');
      text.push_back(word[++i]);
    } else if (word[i] != '$') {
      text.push_back(word[i]);
    } else if (i + 1 < word.size() && word[i + 1] == '$') {
      text.push_back(word[++i]);
    } else if (i + 1 < word.size() && word[i + 1] == '{') {
      const size_t end = word.find('}', i);
      if (end == std::string_view::npos) return std::nullopt;
      const std::optional<std::string> formatted = FormatNumber(word.substr(i + 2, end - i - 2), number);
      if (!formatted) return std::nullopt;
      text += *formatted;
      i = end;
    } else {
      absl::StrAppend(&text, number);
    }
  }
  return text;
}

class ZoneReader {
 public:
  ZoneReader(const dns::Name& origin, FileReader read_file) : builder_(origin), read_file_(read_file) {}

  absl::StatusOr<LoadedZone> Run(const std::string& path, std::string_view content, const dns::Name& origin) {
    Scope scope{.path = path, .origin = origin};
    ReadFile(scope, content);
    if (errors_.empty()) Build(path);
    if (!errors_.empty()) return absl::InvalidArgumentError(absl::StrJoin(errors_, "\n"));
    if (const size_t outside = builder_.outside_count(); outside > 0) {
      loaded_.warnings.push_back(absl::StrCat(first_outside_, ": a record outside of the zone ", origin.ToText(),
                                              " is passed over; there are ", outside, " of them"));
    }
    return std::move(loaded_);
  }

 private:
  // What entries of one file take over from those before them.
  struct Scope {
    std::string path;
    dns::Name origin;
    int depth = 0;
  };

  bool IsFull() const { return errors_.size() >= kMostErrors; }

  void AddError(const Scope& scope, size_t line, size_t column, absl::string_view what) {
    if (!IsFull()) errors_.push_back(absl::StrCat(scope.path, ":", line, ":", column, ": ", what));
  }
  void AddError(const Scope& scope, const ZoneWord& word, absl::string_view what) {
    AddError(scope, word.line, word.column, what);
  }

  void Build(const std::string& path) {
    absl::StatusOr<std::unique_ptr<const Zone>> zone = builder_.Build();
    if (zone.ok()) {
      loaded_.zone = *std::move(zone);
    } else {
      errors_.push_back(absl::StrCat(path, ": ", zone.status().message()));
    }
  }

  void ReadFile(Scope& scope, std::string_view content) {
    ZoneLexer lexer(content);
    ZoneEntry entry;
    while (!IsFull()) {
      switch (lexer.Next(entry)) {
        case ZoneLexer::Result::kEnd:
          return;
        case ZoneLexer::Result::kEntry:
          ReadEntry(scope, entry);
          break;
        case ZoneLexer::Result::kOpenQuote:
          AddError(scope, entry.words.back(), "a quote that is not closed on its line; expected a second one");
          break;
        case ZoneLexer::Result::kNotOpen:
          AddError(scope, entry.words.back(), "\")\" without \"(\"");
          break;
        case ZoneLexer::Result::kOpenParenthesis:
          AddError(scope, entry.words.back(), "\"(\" without \")\" up to the end of the file");
          return;
      }
    }
  }

  void ReadEntry(Scope& scope, const ZoneEntry& entry) {
    const TextWord& first = entry.words.front().word;
    if (!first.is_quoted && !entry.starts_with_blank && first.text.starts_with('$')) {
      ReadDirective(scope, entry);
      return;
    }
    if (entry.starts_with_blank && !owner_) {
      AddError(scope, entry.words.front(), "a record without an owner, and none before it; expected a name in front");
      return;
    }
    if (!entry.starts_with_blank) {
      const absl::StatusOr<dns::Name> owner = dns::ParseRelativeName(first, scope.origin);
      if (!owner.ok()) {
        AddError(scope, entry.words.front(), owner.status().message());
        return;
      }
      owner_ = *owner;
    }
    ReadRecord(scope, *owner_, entry, entry.starts_with_blank ? 0 : 1);
  }

  // "[TTL] [CLASS] TYPE RDATA…", TTL and class in either order, from the word `at` on.
  void ReadRecord(const Scope& scope, const dns::Name& owner, const ZoneEntry& entry, size_t at) {
    const auto text = [&] { return at < entry.words.size() ? entry.words[at].word.text : std::string_view(); };
    std::optional<uint32_t> ttl;
    bool has_class = false;
    while (true) {
      const std::string word = absl::AsciiStrToUpper(std::string(text()));
      if (!ttl && !word.empty() && absl::ascii_isdigit(static_cast<uint8_t>(word[0]))) {
        ttl = dns::ParseSeconds(text());
        if (!ttl) return AddErrorAt(scope, entry, at, "a TTL of at most 2147483647 seconds, such as 3600 or 1h");
      } else if (!has_class && (word == "IN" || word == "CLASS1")) {
        has_class = true;
      } else if (!has_class && (word == "CH" || word == "HS" || word == "CS" || word.starts_with("CLASS"))) {
        return AddErrorAt(scope, entry, at, "class IN");
      } else {
        break;
      }
      ++at;
    }
    const std::optional<RecordType> type = dns::ParseRecordType(text());
    if (!type) return AddErrorAt(scope, entry, at, "a TTL, IN, or the type of a record");
    ++at;
    std::vector<TextWord> words;
    for (size_t i = at; i < entry.words.size(); ++i) words.push_back(entry.words[i].word);
    size_t word_at_fault = 0;
    absl::StatusOr<std::string> rdata = dns::ParseRdata(*type, words, scope.origin, word_at_fault);
    if (!rdata.ok()) {
      return AddErrorAt(scope, entry, at + word_at_fault,
                        absl::StrCat(dns::NameOf(*type), ": ", rdata.status().message()),
                        /*is_whole=*/true);
    }
    Add(scope, entry, ttl, {.owner = owner, .type = *type, .rdata = *std::move(rdata)});
  }

  // "…; expected `what`" where the word stands, or where it is missing.
  void AddErrorAt(const Scope& scope, const ZoneEntry& entry, size_t at, absl::string_view what,
                  bool is_whole = false) {
    const bool is_there = at < entry.words.size();
    const std::string found = is_there ? Quoted(entry.words[at].word.text) : "the end";
    const std::string message = is_whole ? std::string(what) : absl::StrCat(found, "; expected ", what);
    if (is_there) {
      AddError(scope, entry.words[at], message);
    } else {
      AddError(scope, entry.end_line, entry.end_column, message);
    }
  }

  // Without a TTL a record has that of $TTL, else that of the record before it (RFC 1035), else the SOA's minimum.
  void Add(const Scope& scope, const ZoneEntry& entry, std::optional<uint32_t> ttl, ZoneRecord record) {
    if (ttl) last_ttl_ = *ttl;
    if (!ttl) ttl = default_ttl_ ? default_ttl_ : last_ttl_;
    if (record.type == RecordType::kSoa && !ttl) last_ttl_ = ttl = MinimumOf(record.rdata);
    if (!ttl) {
      AddError(scope, entry.words.front(), "a record without TTL, and none before it; expected a TTL, or $TTL above");
      return;
    }
    record.ttl = *ttl;
    const size_t outside = builder_.outside_count();
    if (const absl::Status status = builder_.Add(std::move(record)); !status.ok()) {
      AddError(scope, entry.words.front(), status.message());
    }
    if (outside == 0 && builder_.outside_count() > 0) {
      first_outside_ = absl::StrCat(scope.path, ":", entry.words.front().line, ":", entry.words.front().column);
    }
  }

  static uint32_t MinimumOf(const std::string& soa) {
    uint32_t minimum = 0;
    for (size_t i = soa.size() - 4; i < soa.size(); ++i) minimum = minimum << 8 | static_cast<uint8_t>(soa[i]);
    return std::min<uint32_t>(minimum, 0x7FFFFFFF);
  }

  void ReadDirective(Scope& scope, const ZoneEntry& entry) {
    const std::string name = absl::AsciiStrToUpper(std::string(entry.words.front().word.text));
    if (name == "$ORIGIN" && entry.words.size() == 2) {
      const absl::StatusOr<dns::Name> origin = dns::ParseRelativeName(entry.words[1].word, scope.origin);
      if (!origin.ok()) return AddError(scope, entry.words[1], origin.status().message());
      scope.origin = *origin;
    } else if (name == "$TTL" && entry.words.size() == 2) {
      default_ttl_ = dns::ParseSeconds(entry.words[1].word.text);
      if (!default_ttl_) AddErrorAt(scope, entry, 1, "at most 2147483647 seconds, such as 3600 or 1h");
    } else if (name == "$INCLUDE" && (entry.words.size() == 2 || entry.words.size() == 3)) {
      Include(scope, entry);
    } else if (name == "$GENERATE" && entry.words.size() >= 4) {
      ReadGenerate(scope, entry);
    } else {
      AddErrorAt(scope, entry, 0,
                 "\"$ORIGIN NAME\", \"$TTL SECONDS\", \"$INCLUDE FILE [ORIGIN]\" or \"$GENERATE FIRST-LAST[/STEP] "
                 "OWNER [TTL] [IN] TYPE RDATA\"");
    }
  }

  // The file has an origin of its own; the owner and the TTL before it go on into it, and out of it.
  void Include(const Scope& scope, const ZoneEntry& entry) {
    Scope inner{.path = std::string(entry.words[1].word.text), .origin = scope.origin, .depth = scope.depth + 1};
    if (entry.words.size() == 3) {
      const absl::StatusOr<dns::Name> origin = dns::ParseRelativeName(entry.words[2].word, scope.origin);
      if (!origin.ok()) return AddError(scope, entry.words[2], origin.status().message());
      inner.origin = *origin;
    }
    if (inner.depth > kDeepestInclude || loaded_.included.size() == kMostIncludes) {
      return AddError(scope, entry.words[0],
                      absl::StrCat("one $INCLUDE too many; expected at most ", kDeepestInclude,
                                   " inside each other, and ", kMostIncludes, " in all"));
    }
    const size_t slash = scope.path.rfind('/');
    if (!inner.path.starts_with('/') && slash != std::string::npos) {
      inner.path.insert(0, scope.path.substr(0, slash + 1));
    }
    const absl::StatusOr<std::string> content = read_file_(inner.path);
    if (!content.ok()) {
      return AddError(scope, entry.words[1], absl::StrCat(inner.path, " cannot be read: ", content.status().message()));
    }
    loaded_.included.push_back(inner.path);
    ReadFile(inner, *content);
  }

  // The words behind the range, as often as it says.
  void ReadGenerate(const Scope& scope, const ZoneEntry& entry) {
    const std::optional<Range> range = ParseRange(entry.words[1].word.text);
    if (!range) {
      return AddErrorAt(scope, entry, 1,
                        absl::StrCat("\"FIRST-LAST\" or \"FIRST-LAST/STEP\", at most ", kMostGenerated, " records"));
    }
    const size_t errors = errors_.size();
    for (uint64_t number = range->first; number <= range->last && errors_.size() == errors; number += range->step) {
      std::vector<std::string> texts;
      ZoneEntry generated = entry;
      generated.words.erase(generated.words.begin(), generated.words.begin() + 2);
      for (const ZoneWord& word : generated.words) {
        std::optional<std::string> text = Generate(word.word.text, static_cast<int64_t>(number));
        if (!text) {
          return AddError(scope, word,
                          absl::StrCat(Quoted(word.word.text),
                                       "; expected \"$\" or \"${OFFSET,WIDTH,BASE}\", "
                                       "of base d, o, x or X, and no negative number"));
        }
        texts.push_back(*std::move(text));
      }
      for (size_t i = 0; i < texts.size(); ++i) generated.words[i].word.text = texts[i];
      const absl::StatusOr<dns::Name> owner = dns::ParseRelativeName(generated.words.front().word, scope.origin);
      if (!owner.ok()) return AddError(scope, generated.words.front(), owner.status().message());
      ReadRecord(scope, *owner, generated, 1);
    }
  }

  ZoneBuilder builder_;
  FileReader read_file_;
  LoadedZone loaded_;
  std::vector<std::string> errors_;
  std::string first_outside_;
  std::optional<dns::Name> owner_;
  std::optional<uint32_t> default_ttl_;
  std::optional<uint32_t> last_ttl_;
};

}  // namespace

absl::StatusOr<LoadedZone> ReadZoneFile(const std::string& path, std::string_view content, const dns::Name& origin,
                                        FileReader read_file) {
  return ZoneReader(origin, read_file).Run(path, content, origin);
}

}  // namespace podnamed::zone
