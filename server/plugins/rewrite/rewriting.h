// What `rewrite` remembers of one exchange: the query that the plugins behind it see, and what is to be done with the
// reply. One thread, the exchange's.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/types/span.h"
#include "config/rewrite_options.h"
#include "server/dns/query.h"
#include "server/dns/record.h"
#include "server/plugins/exchange.h"
#include "server/plugins/rewrite/name_rewriter.h"

namespace podnamed::plugins {

// Names that are `from`, or below it, become `to` again; both in presentation form.
struct NameRevert {
  std::string from;
  std::string to;
};
// What a rule wants of names in the reply. The rewriter is the plugin's, which outlives the exchange.
struct OwnerRewrite {
  const NameRewriter* rewriter;
};
struct ValueRewrite {
  const NameRewriter* rewriter;
};
using ReplyRule =
    std::variant<NameRevert, OwnerRewrite, ValueRewrite, const config::TtlRewrite*, const config::RcodeRewrite*>;

class Rewriting : public Remembered {
 public:
  // Starts with what the client asked.
  explicit Rewriting(const dns::Query& asked) : query_(asked) { SetName(std::string(asked.name.original())); }

  dns::Query& query() { return query_; }
  // REQUIRES: one valid name in wire form.
  void SetName(std::string wire) {
    wire_ = std::move(wire);
    query_.name.Read(wire_);
  }

  // ---- options that go upstream

  bool has_option(uint16_t code) const { return dns::FindOption(options_, code).has_value(); }
  // False if there is no room for it.
  bool AddOption(uint16_t code, std::string_view data);
  void RemoveOption(uint16_t code);
  std::string_view options() const { return options_; }

  // ---- the reply

  void Add(ReplyRule rule) { rules_.push_back(std::move(rule)); }
  // Undone in reverse order, on every record; the client's own name gets the client's letters.
  void RewriteReply(Exchange& exchange);
  // Of rules for aliases, the plugin's.
  std::vector<const NameRewriter*> aliases;

  // Kept as long as this.
  std::string_view Keep(std::string octets) { return names_.emplace_back(std::move(octets)); }
  absl::Span<const dns::NamePieces> Keep(std::vector<dns::NamePieces> targets) {
    return targets_.emplace_back(std::move(targets));
  }

 private:
  void RewriteSet(const Exchange& exchange, dns::RecordSet& set);
  void RewriteTtl(dns::RecordSet& set) const;
  void RewriteValues(const Exchange& exchange, dns::RecordSet& set);
  // True if the rules make another name of it, which is in wire form in `result`.
  template <typename Wanted>
  bool RewriteName(const Exchange& exchange, const dns::NamePieces& name, std::string_view& result);

  dns::Query query_;
  std::string wire_;  // of its name
  std::string options_;
  std::vector<ReplyRule> rules_;

  std::deque<std::string> names_;
  std::deque<std::vector<dns::NamePieces>> targets_;
  std::deque<std::vector<dns::SrvData>> srv_;
  std::deque<std::vector<dns::RawData>> raw_;
  std::string renamed_;  // scratch
};

}  // namespace podnamed::plugins
