#include "server/plugins/kubernetes.h"

namespace podnamed::plugins {

Next Kubernetes::OnQuery(const QueryContext& context, resolve::Answer& answer) {
  resolver_.Resolve(context.query.name, context.query.type, reader_.Current(), random_, answer);
  return answer.outcome == resolve::Outcome::kNotOurs ? Next::kPass : Next::kDone;
}

}  // namespace podnamed::plugins
