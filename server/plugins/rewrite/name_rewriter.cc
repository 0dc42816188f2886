#include "server/plugins/rewrite/name_rewriter.h"

#include <algorithm>

#include "absl/strings/str_replace.h"
#include "server/dns/name.h"

namespace podnamed::plugins {

using Kind = config::NameMatch::Kind;

const std::string& NameForms::text() {
  if (text_.empty()) dns::AppendNameText(wire_, text_);
  return text_;
}

NameMatcher::NameMatcher(const config::NameMatch& match) : match_(match) {
  if (match_.kind == Kind::kExact) {
    const dns::Name name = dns::Name::FromText(match_.text)->Folded();
    wire_ = name.wire();
    match_.text = name.ToText();
  }
  if (match_.kind == Kind::kRegex) expression_ = std::make_unique<RE2>(match_.text, RE2::Quiet);
}

bool NameMatcher::Matches(NameForms& name) const {
  return MayMatch(name) && (match_.kind == Kind::kExact || Matches(name.text()));
}

bool NameMatcher::Matches(const std::string& text) const {
  switch (match_.kind) {
    case Kind::kExact:
      return text == match_.text;
    case Kind::kPrefix:
      return text.starts_with(match_.text);
    case Kind::kSuffix:
      return text.ends_with(match_.text);
    case Kind::kSubstring:
      return text.find(match_.text) != std::string::npos;
    case Kind::kRegex:
      return RE2::PartialMatch(text, *expression_);
  }
  return false;
}

NameRewriter::NameRewriter(const config::NameMatch& match, std::string_view to) : matcher_(match), to_(to) {
  if (match.kind != Kind::kRegex) return;
  std::string_view rest = to_;
  while (!rest.empty()) {
    const size_t open = rest.find('{');
    const size_t close = open == std::string_view::npos ? open : rest.find('}', open);
    int group = 0;
    const std::string_view inner = close == std::string_view::npos ? "" : rest.substr(open + 1, close - open - 1);
    const bool is_group = !inner.empty() && inner.size() <= 4 && std::ranges::all_of(inner, [&](char digit) {
      group = group * 10 + (digit - '0');
      return digit >= '0' && digit <= '9';
    });
    if (!is_group) {
      const size_t end = open == std::string_view::npos ? rest.size() : open + 1;
      pieces_.emplace_back(std::string(rest.substr(0, end)));
      rest.remove_prefix(end);
      continue;
    }
    pieces_.emplace_back(std::string(rest.substr(0, open)));
    pieces_.emplace_back(group);
    groups_ = std::max(groups_, group + 1);
    rest.remove_prefix(close + 1);
  }
}

bool NameRewriter::Rewrite(NameForms& name, std::string& result) const {
  return matcher_.MayMatch(name) && Rewrite(name.text(), result);
}

bool NameRewriter::Rewrite(const std::string& text, std::string& result) const {
  const config::NameMatch& match = matcher_.match_;
  if (match.kind == Kind::kRegex) return RewriteByGroups(text, result);
  if (!matcher_.Matches(text)) return false;
  switch (match.kind) {
    case Kind::kPrefix:
      result.assign(to_).append(text, match.text.size());
      break;
    case Kind::kSuffix:
      result.assign(text, 0, text.size() - match.text.size()).append(to_);
      break;
    case Kind::kSubstring:
      result = absl::StrReplaceAll(text, {{match.text, to_}});
      break;
    case Kind::kExact:
    case Kind::kRegex:
      result = to_;
      break;
  }
  return true;
}

bool NameRewriter::RewriteByGroups(const std::string& text, std::string& result) const {
  std::vector<re2::StringPiece> groups(static_cast<size_t>(groups_));
  if (!matcher_.expression_->Match(text, 0, text.size(), RE2::UNANCHORED, groups.data(), groups_)) return false;
  result.clear();
  for (const auto& piece : pieces_) {
    if (const auto* literal = std::get_if<std::string>(&piece)) {
      result += *literal;
    } else {
      const re2::StringPiece& group = groups[static_cast<size_t>(std::get<int>(piece))];
      result.append(group.data(), group.size());
    }
  }
  return true;
}

}  // namespace podnamed::plugins
