// `rewrite`: makes another query of a query, for the plugins behind it, and changes replies. The client always sees its
// own question. A query that no rule is for costs a comparison for each rule, and allocates nothing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/options.h"
#include "server/plugins/metadata.h"
#include "server/plugins/plugin.h"
#include "server/plugins/rewrite/name_rewriter.h"
#include "server/plugins/rewrite/rewriting.h"

namespace podnamed::plugins {

class Rewrite : public Plugin {
 public:
  // `rules` must outlive this.
  Rewrite(const std::vector<config::RewriteRule>& rules, const Metadata::Sources& metadata);

  std::string_view name() const override { return "rewrite"; }
  Next OnQuery(Exchange& exchange) override;
  void OnReply(Exchange& exchange) override;
  void OnIdle() override { metadata_.Refresh(); }
  bool takes_every_class() const override { return takes_every_class_; }

 private:
  struct NameRule {
    std::unique_ptr<NameRewriter> question;
    bool reverts_name = false;                           // the very name that it has made
    std::unique_ptr<NameRewriter> back;                  // or, of a suffix, every name with the new one
    std::vector<std::unique_ptr<NameRewriter>> answers;  // of config::NameRewrite::answers
  };
  // Beside the rule: what matches.
  struct Rule {
    const config::RewriteRule* options;
    NameRule name;
    std::unique_ptr<NameMatcher> matcher;  // of TTLs and rcodes
    std::unique_ptr<NameRewriter> alias;
  };
  enum class Applied { kNo, kYes, kNoName };

  static Rule MakeRule(const config::RewriteRule& options);
  static NameRule MakeNameRule(const config::NameRewrite& options);

  Applied Apply(const Rule& rule, NameForms& name, Exchange& exchange);
  Applied ApplyName(const Rule& rule, const config::NameRewrite& options, NameForms& name, Exchange& exchange);
  // std::nullopt where it is not known.
  std::optional<std::string> DataOf(const config::EdnsRewrite& rule, const Exchange& exchange);
  bool ApplyEdns(const config::EdnsRewrite& rule, Exchange& exchange);
  // Asks the plugins behind this one itself, to look at where aliases in the reply lead.
  Next AskForAliases(Exchange& exchange);
  static void OnAliases(Exchange& exchange, const Exchange& child);
  static Rewriting& RewritingOf(Exchange& exchange);

  std::vector<Rule> rules_;
  Metadata metadata_;
  bool takes_every_class_ = false;
  std::string text_;    // of the name at hand
  std::string result_;  // what a rule makes of it
};

}  // namespace podnamed::plugins
