// Why does a name not resolve? A short text for a person, from the state alone (RFC 8914). Walks the way of the answer
// once more, for negative answers only, when the client can read it: the good ones pay nothing. Pure.
//
// It says what anybody may learn by asking on: names that would be answered, and those that stand in the question. Of
// what a configuration hides it does not say that it exists.
#pragma once

#include <cstdint>

#include "server/base/ip_address.h"
#include "server/dns/types.h"
#include "server/resolve/answer.h"
#include "server/resolve/cluster_name.h"
#include "server/resolve/cluster_view.h"

namespace podnamed::resolve {

// For a negative answer in a zone of names.
void ExplainName(const ClusterName& parsed, bool clusterset, dns::RecordType type, const ClusterView& view,
                 Answer& answer);
// For a negative answer about a whole address.
void ExplainAddress(const base::IpAddress& address, const ClusterView& view, Answer& answer);
// Where nothing is known of the cluster yet.
void ExplainNotSynced(Answer& answer);
// Says before anything else that the state behind the answer is old: nothing was heard of the cluster for so long.
void ExplainStale(uint32_t seconds, Answer& answer);

}  // namespace podnamed::resolve
