#include "server/plugins/rewrite/rewrite.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "server/plugins/child_reply.h"

namespace podnamed::plugins {
namespace {

using Action = config::EdnsRewrite::Action;
using Value = config::EdnsRewrite::Value;

std::string U16(uint16_t number) { return {static_cast<char>(number >> 8), static_cast<char>(number)}; }

std::string Octets(const base::IpAddress& address) {
  const auto text = [](const auto& octets) { return std::string(octets.begin(), octets.end()); };
  return address.is_v4() ? text(address.v4()) : text(address.v6());
}

// RFC 7871 section 6.
std::string Subnet(const base::IpAddress& client, const config::EdnsRewrite& rule) {
  const uint8_t bits = client.is_v4() ? rule.ipv4_bits : rule.ipv6_bits;
  std::string octets = Octets(client);
  octets.resize((bits + 7U) / 8);
  if (bits % 8 != 0) octets.back() = static_cast<char>(octets.back() & 0xFF << (8 - bits % 8));
  return U16(client.is_v4() ? 1 : 2) + std::string{static_cast<char>(bits), '\0'} + octets;
}

bool IsOfOneClient(Value value) {
  return value == Value::kClientAddress || value == Value::kClientPort || value == Value::kTransport ||
         value == Value::kSubnet || value == Value::kMetadata;
}

}  // namespace

Rewrite::Rewrite(const std::vector<config::RewriteRule>& rules, const Metadata::Sources& metadata)
    : metadata_(metadata) {
  for (const config::RewriteRule& options : rules) {
    rules_.push_back(MakeRule(options));
    const auto* record_class = std::get_if<config::ClassRewrite>(&options.what);
    takes_every_class_ |= record_class != nullptr && record_class->from != dns::RecordClass::kIn;
  }
}

Rewrite::Rule Rewrite::MakeRule(const config::RewriteRule& options) {
  Rule rule{.options = &options, .name = {}, .matcher = {}, .alias = {}};
  if (const auto* name = std::get_if<config::NameRewrite>(&options.what)) rule.name = MakeNameRule(*name);
  if (const auto* ttl = std::get_if<config::TtlRewrite>(&options.what)) {
    rule.matcher = std::make_unique<NameMatcher>(ttl->name);
  }
  if (const auto* rcode = std::get_if<config::RcodeRewrite>(&options.what)) {
    rule.matcher = std::make_unique<NameMatcher>(rcode->name);
  }
  if (const auto* cname = std::get_if<config::CnameRewrite>(&options.what)) {
    rule.alias = std::make_unique<NameRewriter>(cname->from, cname->to);
  }
  return rule;
}

Rewrite::NameRule Rewrite::MakeNameRule(const config::NameRewrite& options) {
  using Kind = config::NameMatch::Kind;
  NameRule rule;
  rule.question = std::make_unique<NameRewriter>(options.from, options.to);
  if (options.is_reverted && options.from.kind == Kind::kSuffix) {
    rule.back = std::make_unique<NameRewriter>(config::NameMatch{Kind::kSuffix, options.to}, options.from.text);
  } else {
    rule.reverts_name = options.is_reverted;
  }
  for (const config::AnswerRewrite& answer : options.answers) {
    rule.answers.push_back(std::make_unique<NameRewriter>(config::NameMatch{Kind::kRegex, answer.pattern}, answer.to));
  }
  return rule;
}

Next Rewrite::OnQuery(Exchange& exchange) {
  std::optional<NameForms> name(std::in_place, exchange.query->name.folded(), text_);
  for (const Rule& rule : rules_) {
    const Applied applied = Apply(rule, *name, exchange);
    if (applied == Applied::kNo) continue;
    if (applied == Applied::kNoName) {
      exchange.query = &exchange.asked;
      exchange.rewritten.reset();
      exchange.error.assign("plugin/rewrite: invalid name after rewrite: ").append(result_);
      exchange.answered_by = "rewrite";
      return Next::kDone;  // SERVFAIL, as CoreDNS
    }
    if (!rule.options->continues) break;
    name.emplace(exchange.query->name.folded(), text_);
  }
  if (exchange.rewritten == nullptr) return Next::kPass;
  return RewritingOf(exchange).aliases.empty() || !exchange.can_wait ? Next::kPass : AskForAliases(exchange);
}

void Rewrite::OnReply(Exchange& exchange) {
  if (exchange.rewritten != nullptr) RewritingOf(exchange).RewriteReply(exchange);
}

// The exchange has only one, and only this plugin makes it.
Rewriting& Rewrite::RewritingOf(Exchange& exchange) {
  if (exchange.rewritten == nullptr) {
    auto rewriting = std::make_unique<Rewriting>(*exchange.query);
    exchange.query = &rewriting->query();
    exchange.rewritten = std::move(rewriting);
  }
  return static_cast<Rewriting&>(*exchange.rewritten);
}

Rewrite::Applied Rewrite::Apply(const Rule& rule, NameForms& name, Exchange& exchange) {
  const auto& what = rule.options->what;
  if (const auto* renames = std::get_if<config::NameRewrite>(&what)) return ApplyName(rule, *renames, name, exchange);
  if (const auto* type = std::get_if<config::TypeRewrite>(&what)) {
    if (exchange.query->type != type->from) return Applied::kNo;
    RewritingOf(exchange).query().type = type->to;
  } else if (const auto* record_class = std::get_if<config::ClassRewrite>(&what)) {
    if (exchange.query->record_class != record_class->from) return Applied::kNo;
    RewritingOf(exchange).query().record_class = record_class->to;
  } else if (const auto* ttl = std::get_if<config::TtlRewrite>(&what)) {
    if (!rule.matcher->Matches(name)) return Applied::kNo;
    RewritingOf(exchange).Add(ttl);
  } else if (const auto* rcode = std::get_if<config::RcodeRewrite>(&what)) {
    if (!rule.matcher->Matches(name)) return Applied::kNo;
    RewritingOf(exchange).Add(rcode);
  } else if (rule.alias != nullptr) {
    RewritingOf(exchange).aliases.push_back(rule.alias.get());
  } else if (const auto* edns = std::get_if<config::EdnsRewrite>(&what)) {
    return ApplyEdns(*edns, exchange) ? Applied::kYes : Applied::kNo;
  }
  return Applied::kYes;
}

Rewrite::Applied Rewrite::ApplyName(const Rule& rule, const config::NameRewrite& options, NameForms& name,
                                    Exchange& exchange) {
  if (!rule.name.question->Rewrite(name, result_)) return Applied::kNo;
  const absl::StatusOr<dns::Name> renamed = dns::Name::FromText(result_);
  if (!renamed.ok()) return Applied::kNoName;
  Rewriting& rewriting = RewritingOf(exchange);
  if (rule.name.reverts_name) rewriting.Add(NameRevert{renamed->ToText(), name.text()});
  if (rule.name.back != nullptr) {
    rewriting.Add(OwnerRewrite{rule.name.back.get()});
    rewriting.Add(ValueRewrite{rule.name.back.get()});
  }
  for (size_t i = 0; i < options.answers.size(); ++i) {
    const NameRewriter* rewriter = rule.name.answers[i].get();
    if (options.answers[i].where == config::AnswerRewrite::Where::kOwner) {
      rewriting.Add(OwnerRewrite{rewriter});
    } else {
      rewriting.Add(ValueRewrite{rewriter});
    }
  }
  rewriting.SetName(std::string(renamed->wire()));
  return Applied::kYes;
}

std::optional<std::string> Rewrite::DataOf(const config::EdnsRewrite& rule, const Exchange& exchange) {
  switch (rule.value) {
    case Value::kData:
      return rule.data;
    case Value::kQueryName:
      return dns::NameToText(exchange.query->name.original());
    case Value::kQueryType:
      return U16(static_cast<uint16_t>(exchange.query->type));
    case Value::kClientAddress:
      return Octets(exchange.client);
    case Value::kClientPort:
      return U16(exchange.client_port);
    case Value::kTransport:
      return exchange.transport == net::Transport::kUdp ? "udp" : "tcp";
    case Value::kServerAddress:
      if (exchange.entrance == nullptr || !exchange.entrance->address) return std::nullopt;
      return Octets(*exchange.entrance->address);
    case Value::kServerPort:
      if (exchange.entrance == nullptr) return std::nullopt;
      return U16(exchange.entrance->port);
    case Value::kMetadata: {
      std::string value = metadata_.Find(rule.data, exchange);
      return value.empty() ? std::nullopt : std::optional(std::move(value));
    }
    case Value::kSubnet:
      return Subnet(exchange.client, rule);
  }
  return std::nullopt;
}

bool Rewrite::ApplyEdns(const config::EdnsRewrite& rule, Exchange& exchange) {
  const std::optional<dns::Edns>& asked = exchange.asked.edns;
  const std::optional<std::string_view> clients =
      asked ? dns::FindOption(asked->options, rule.code) : std::optional<std::string_view>();
  const bool had_before = exchange.rewritten != nullptr && RewritingOf(exchange).has_option(rule.code);
  if (rule.action == Action::kUnset) {
    if (had_before) {
      RewritingOf(exchange).RemoveOption(rule.code);
      exchange.upstream_options.octets = RewritingOf(exchange).options();
    }
    return had_before || clients;
  }
  const bool is_there = clients || had_before;
  if (rule.action == Action::kReplace && !is_there) return false;
  std::optional<std::string> data = DataOf(rule, exchange);
  if (rule.action == Action::kAppend && is_there) {
    if (had_before) return false;
    data = std::string(*clients);  // the client's own goes on upstream
  }
  if (!data) return false;
  Rewriting& rewriting = RewritingOf(exchange);
  rewriting.RemoveOption(rule.code);
  if (!rewriting.AddOption(rule.code, *data)) return false;
  if (!rewriting.query().edns) rewriting.query().edns.emplace().udp_payload_size = dns::kDefaultUdpLimit;
  exchange.upstream_options.octets = rewriting.options();
  exchange.upstream_options.is_for_one_client |= clients.has_value() || IsOfOneClient(rule.value);
  return true;
}

Next Rewrite::AskForAliases(Exchange& exchange) {
  const dns::Name name = dns::Name::FromWire(exchange.query->name.original());
  exchange.Ask(name, exchange.query->type, AskFrom::kNextPlugin,
               [&exchange](const Exchange& child) { OnAliases(exchange, child); });
  return Next::kLater;
}

// The aliases up to the first that a rule is for stay, and what is found at the end of the new one takes the place of
// the rest.
void Rewrite::OnAliases(Exchange& exchange, const Exchange& child) {
  Rewriting& rewriting = RewritingOf(exchange);
  std::vector<dns::RecordSet> aliases;
  std::string result;
  for (const dns::RecordSet& set : child.answer.answer) {
    const auto* targets = std::get_if<absl::Span<const dns::NamePieces>>(&set.rdata);
    if (set.type != dns::RecordType::kCname || targets == nullptr || targets->empty()) continue;
    dns::Name target = targets->front().ToName();
    const dns::Name folded = target.Folded();
    const bool is_rewritten = absl::c_any_of(
        rewriting.aliases, [&](const NameRewriter* rewriter) { return rewriter->Rewrite(folded.ToText(), result); });
    if (is_rewritten) {
      absl::StatusOr<dns::Name> renamed = dns::Name::FromText(result);
      if (!renamed.ok()) break;
      target = *std::move(renamed);
    }
    // A copy: where the records came from may be gone when the rest is here.
    dns::RecordSet& alias = aliases.emplace_back(set);
    alias.owner = dns::NamePieces(rewriting.Keep(std::string(set.owner.ToName().wire())));
    alias.rdata = rewriting.Keep({dns::NamePieces(rewriting.Keep(std::string(target.wire())))});
    if (!is_rewritten) continue;
    TakeReply(child, exchange);
    exchange.answer.answer = std::move(aliases);
    exchange.answer.authority.clear();
    exchange.answer.additional.clear();
    exchange.Ask(target, exchange.query->type, AskFrom::kServer, [&exchange](const Exchange& found) {
      const auto& records = found.answer.answer;
      exchange.answer.answer.insert(exchange.answer.answer.end(), records.begin(), records.end());
      RewritingOf(exchange).RewriteReply(exchange);
      exchange.Resume(Next::kDone);
    });
    return;
  }
  TakeReply(child, exchange);
  rewriting.RewriteReply(exchange);
  exchange.Resume(Next::kDone);
}

}  // namespace podnamed::plugins
