#include "server/plugins/forward.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "server/plugins/upstream_reply.h"

namespace podnamed::plugins {
namespace {

upstream::Question QuestionOf(const Exchange& exchange) {
  const dns::Query& query = *exchange.query;
  return {.name = dns::Name::FromWire(query.name.original()),
          .type = query.type,
          .record_class = query.record_class,
          .recursion_desired = query.recursion_desired,
          .checking_disabled = query.checking_disabled,
          .authentic_data = query.authentic_data,
          .edns = query.edns.has_value(),
          .dnssec_ok = query.edns.has_value() && query.edns->dnssec_ok,
          .edns_options = std::string(exchange.upstream_options.octets)};
}

// Why there is no reply, for the client's person (RFC 8914) and for the log; there in words that operators know from
// CoreDNS.
void PutReason(const upstream::Reply& reply, const std::string& member, Exchange& exchange) {
  const bool is_timeout = reply.outcome == upstream::Outcome::kTimeout;
  const std::string_view why = is_timeout ? "i/o timeout" : reply.why.empty() ? NameOf(reply.outcome) : reply.why;
  exchange.error.assign("plugin/forward: ");
  if (!member.empty())
    exchange.error.append("read ").append(NameOf(reply.transport)).append(" ").append(member).append(": ");
  exchange.error.append(why);
  resolve::Reason& reason = exchange.answer.reason;
  reason.set_info_code(is_timeout ? dns::ExtendedError::kNoReachableAuthority : dns::ExtendedError::kNetworkError);
  reason.Append(std::string_view("no upstream replied; the last one asked: "), std::string_view(member),
                std::string_view(member.empty() ? "" : ": "), why);
}

}  // namespace

Forward::Forward(const config::ForwardOptions& options, const ForwardTargets& targets,
                 std::shared_ptr<upstream::UpstreamGroup> group, MakeMembers make_members, bool has_next)
    : options_(options),
      targets_(targets),
      group_(std::move(group)),
      make_members_(std::move(make_members)),
      has_next_(has_next) {
  OnIdle();
}

void Forward::OnIdle() {
  group_->OnIdle();
  const uint64_t version = targets_.version();
  if (version == version_) return;
  version_ = version;
  group_->SetMembers(make_members_(targets_.targets()));
}

Next Forward::OnQuery(Exchange& exchange) {
  const dns::Query& query = *exchange.query;
  const auto holds = [&](const dns::Name& zone) { return query.name.LabelsAbove(zone.wire()).has_value(); };
  if (!holds(options_.from) || absl::c_any_of(options_.except, holds)) return Next::kPass;
  exchange.answered_by = "forward";
  if (options_.max_concurrent > 0 && under_way_ >= options_.max_concurrent) {
    exchange.rcode = dns::Rcode::kRefused;
    exchange.answer.reason.set_info_code(dns::ExtendedError::kOther);
    exchange.answer.reason.Append(std::string_view("too many queries are being forwarded"));
    exchange.error.assign("plugin/forward: concurrent queries exceeded maximum ");
    exchange.error.append(std::to_string(options_.max_concurrent));
    group_->counters()->refused.Add();
    return Next::kDone;
  }
  if (!exchange.can_wait) return Next::kDone;
  ++under_way_;
  const upstream::Transport client =
      exchange.transport == net::Transport::kUdp ? upstream::Transport::kUdp : upstream::Transport::kTcp;
  group_->Ask(QuestionOf(exchange), client, [this, &exchange](const upstream::Reply& reply, const std::string& member) {
    --under_way_;
    OnUpstreamReply(exchange, reply, member);
  });
  return Next::kLater;
}

bool Forward::IsForNext(const dns::MessageView& view) const {
  if (!has_next_) return false;
  const bool is_no_data = view.rcode() == dns::Rcode::kNoError && view.count(dns::Section::kAnswer) == 0;
  return absl::c_linear_search(options_.next, view.rcode()) || (options_.next_on_nodata && is_no_data);
}

void Forward::OnUpstreamReply(Exchange& exchange, const upstream::Reply& reply, const std::string& member) {
  if (!reply.ok()) {
    PutReason(reply, member, exchange);
    exchange.Resume(Next::kDone);
    return;
  }
  const std::optional<dns::MessageView> view = dns::MessageView::Read(reply.message);
  if (view && IsForNext(*view)) {
    exchange.answered_by = {};
    exchange.Resume(Next::kPass);
    return;
  }
  if (view && PutReply(*view, exchange)) {
    exchange.octets = reply.message;
    exchange.upstream = member;
  } else {
    exchange.answer.reason.set_info_code(dns::ExtendedError::kInvalidData);
    exchange.answer.reason.Append(std::string_view("the reply of "), std::string_view(member),
                                  std::string_view(" cannot be read"));
    exchange.error.assign("plugin/forward: the reply of ").append(member).append(" cannot be read");
  }
  exchange.Resume(Next::kDone);
}

}  // namespace podnamed::plugins
