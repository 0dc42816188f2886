#include "server/plugins/kubernetes.h"

#include <variant>
#include <vector>

namespace podnamed::plugins {
namespace {

using dns::RecordType;
using resolve::Outcome;

// The name outside that an alias leads to, in wire form; empty if the answer does not end with one.
std::string_view OutsideOf(const Exchange& exchange) {
  const RecordType type = exchange.query->type;
  const std::vector<dns::RecordSet>& answer = exchange.answer.answer;
  if ((type != RecordType::kA && type != RecordType::kAaaa) || answer.empty()) return {};
  if (answer.back().type != RecordType::kCname) return {};
  return std::get<absl::Span<const dns::NamePieces>>(answer.back().rdata).front().pieces()[0];
}

}  // namespace

Next Kubernetes::OnQuery(Exchange& exchange) {
  const dns::Query& query = *exchange.query;
  if (query.record_class != dns::RecordClass::kIn || !Answer(exchange)) return Next::kPass;
  const std::string_view outside = OutsideOf(exchange);
  if (outside.empty() || !exchange.can_wait) return Next::kDone;
  exchange.Ask(dns::Name::FromWire(outside), query.type, AskFrom::kServer, [this, &exchange](const Exchange& child) {
    Complete(exchange, child);
    exchange.Resume(Next::kDone);
  });
  // While it waits the snapshot may go.
  if (!exchange.resumed) exchange.answer.Clear();
  return Next::kLater;
}

bool Kubernetes::Answer(Exchange& exchange) {
  const dns::Query& query = *exchange.query;
  resolve::Answer& answer = exchange.answer;
  const resolve::Question question{query.name, query.type, exchange.client, query.edns.has_value(),
                                   exchange.reply_limit};
  resolver_.Resolve(question, reader_.Current(), reader_.stale_seconds(), random_, answer);
  if (answer.outcome == Outcome::kNotOurs) return false;
  exchange.rcode = resolve::RcodeOf(answer.outcome);
  exchange.authoritative = answer.outcome != Outcome::kNotSynced && answer.outcome != Outcome::kRefused;
  exchange.answered_by = name_;
  return true;
}

// The answer is made once more: the first one pointed into a snapshot that may be gone. What there is of the target is
// put behind its alias; if there is nothing, whatever the reason, the alias is the answer (CoreDNS).
void Kubernetes::Complete(Exchange& exchange, const Exchange& child) {
  exchange.answer.Clear();
  if (!Answer(exchange) || !dns::EqualIgnoringCase(OutsideOf(exchange), child.asked.name.original())) return;
  const std::vector<dns::RecordSet>& target = child.answer.answer;
  exchange.answer.answer.insert(exchange.answer.answer.end(), target.begin(), target.end());
  exchange.truncated |= child.truncated;
}

}  // namespace podnamed::plugins
