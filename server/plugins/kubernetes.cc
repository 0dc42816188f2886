#include "server/plugins/kubernetes.h"

namespace podnamed::plugins {

Next Kubernetes::OnQuery(const QueryContext& context, resolve::Answer& answer) {
  const state::Snapshot* snapshot = reader_.Current();
  const resolve::Question question{context.query.name, context.query.type, context.client,
                                   context.query.edns.has_value(), context.reply_limit};
  resolver_.Resolve(question, snapshot, reader_.stale_seconds(), random_, answer);
  return answer.outcome == resolve::Outcome::kNotOurs ? Next::kPass : Next::kDone;
}

}  // namespace podnamed::plugins
