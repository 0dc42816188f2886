// Which names a rule of `rewrite` is for, and what becomes of them: text in, text out. Immutable; any thread.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/rewrite_options.h"

namespace podnamed::plugins {

// A name in lower case, in wire form and, from when it is asked for, in presentation form.
class NameForms {
 public:
  // `scratch` keeps the text and its memory; both must outlive this.
  NameForms(std::string_view wire, std::string& scratch) : wire_(wire), text_(scratch) { text_.clear(); }

  std::string_view wire() const { return wire_; }
  const std::string& text();

 private:
  const std::string_view wire_;
  std::string& text_;
};

class NameMatcher {
 public:
  explicit NameMatcher(const config::NameMatch& match);

  bool Matches(NameForms& name) const;
  // Without a look at the text: false only if the rule is not for this name.
  bool MayMatch(const NameForms& name) const { return wire_.empty() || name.wire() == wire_; }

 private:
  friend class NameRewriter;

  bool Matches(const std::string& text) const;

  config::NameMatch match_;
  std::string wire_;                 // kExact
  std::unique_ptr<RE2> expression_;  // kRegex
};

class NameRewriter {
 public:
  NameRewriter(const config::NameMatch& match, std::string_view to);

  // False, and `result` as it was, if the rule is not for this name. `result` may be no name at all.
  bool Rewrite(NameForms& name, std::string& result) const;
  // The same for a name in presentation form; `result` must be another string.
  bool Rewrite(const std::string& text, std::string& result) const;

 private:
  bool RewriteByGroups(const std::string& text, std::string& result) const;

  const NameMatcher matcher_;
  const std::string to_;
  std::vector<std::variant<std::string, int>> pieces_;  // kRegex: of `to`, texts and numbers of groups
  int groups_ = 0;                                      // so many are spoken of, the whole match included
};

}  // namespace podnamed::plugins
