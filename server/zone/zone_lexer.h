// Cuts a master file into entries: what stands on one line, or on several between parentheses (RFC 1035 section 5.1).
// Points into the text, which must outlive it and its entries. One thread.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "server/dns/rdata_parser.h"

namespace podnamed::zone {

struct ZoneWord {
  dns::TextWord word;
  size_t line = 1;
  size_t column = 1;  // in octets
};

struct ZoneEntry {
  std::vector<ZoneWord> words;     // at least one
  bool starts_with_blank = false;  // its owner is that of the entry before
  size_t end_line = 1;
  size_t end_column = 1;
};

class ZoneLexer {
 public:
  enum class Result {
    kEntry,
    kEnd,
    kOpenQuote,        // a text that does not end on its line
    kOpenParenthesis,  // there is no ")" up to the end
    kNotOpen,          // ")" without "("
  };

  explicit ZoneLexer(std::string_view text) : text_(text) {}

  // The next entry. Where something is wrong the last word of `entry` is, and the entry is to be passed over.
  Result Next(ZoneEntry& entry);

 private:
  ZoneWord WordAt(size_t start, size_t end, bool is_quoted) const;
  // Its end, from `at_` on; std::string_view::npos if a text is open there.
  size_t EndOfWord(bool is_quoted) const;
  void SkipLine();

  std::string_view text_;
  size_t at_ = 0;
  size_t line_ = 1;
  size_t line_start_ = 0;
};

}  // namespace podnamed::zone
