// Names as people type them inside of a pod, for clients that ignore the search list of its resolv.conf and ask for
// just what was typed: "web-0.nginx." A pod's search list would have tried them in its own namespace, below svc and in
// the zone; so do we, for clients that are known pods. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "absl/random/bit_gen_ref.h"
#include "server/resolve/answer.h"
#include "server/resolve/cluster_view.h"
#include "server/resolve/forward_answer.h"

namespace podnamed::resolve {

struct Question;

// Answers a name that is in none of our zones, if the client is a pod for which it is short for a service, an endpoint
// or a port that exists; else leaves `answer` as it is. `service_tail` is "\3svc" and the zone of the cluster itself.
// A negative answer (the name exists, the type does not) has no SOA: no zone of ours holds the name that was asked, and
// what it means to this client is nothing for caches that others share.
void ResolveShortName(const Question& question, const std::vector<ForwardZone>& zones, std::string_view service_tail,
                      const ClusterView& view, absl::BitGenRef random, Answer& answer);

}  // namespace podnamed::resolve
