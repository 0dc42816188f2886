#include "server/plugins/kubernetes.h"

namespace podnamed::plugins {

using resolve::Outcome;

Next Kubernetes::OnQuery(Exchange& exchange) {
  const dns::Query& query = *exchange.query;
  if (query.record_class != dns::RecordClass::kIn) return Next::kPass;
  resolve::Answer& answer = exchange.answer;
  const resolve::Question question{query.name, query.type, exchange.client, query.edns.has_value(),
                                   exchange.reply_limit};
  resolver_.Resolve(question, reader_.Current(), reader_.stale_seconds(), random_, answer);
  if (answer.outcome == Outcome::kNotOurs) return Next::kPass;
  exchange.rcode = resolve::RcodeOf(answer.outcome);
  exchange.authoritative = answer.outcome != Outcome::kNotSynced && answer.outcome != Outcome::kRefused;
  exchange.answered_by = "kubernetes";
  return Next::kDone;
}

}  // namespace podnamed::plugins
