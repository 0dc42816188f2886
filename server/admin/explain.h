// What does a pod's resolver make of a name? Walks the search path of the resolv.conf that the kubelet writes, as glibc
// walks it, and says where the winner comes from. Any thread; holds the state for moments.
#pragma once

#include <grpcpp/server_context.h>

#include "absl/status/statusor.h"
#include "proto/podnamed/inspect/v1/inspect.pb.h"
#include "server/admin/subject.h"
#include "server/dns/name.h"
#include "server/dns/types.h"

namespace podnamed::admin {

struct Client;

// The answer to one question, as the server gives it to that client.
inspect::v1::LookupResponse Ask(const Subject& subject, const Client& client, const dns::Name& name,
                                dns::RecordType type);

// INVALID_ARGUMENT says what is wrong with the request. The controller is asked on behalf of `caller`: not beyond its
// end. nullptr: nobody's.
absl::StatusOr<inspect::v1::ExplainResponse> Explain(const Subject& subject, const inspect::v1::ExplainRequest& request,
                                                     const grpc::ServerContext* caller = nullptr);

// The names that a pod's resolver asks for, in order: `text` is a name as a person gives it to a program.
// The error says what is wrong with the name.
struct SearchStep {
  dns::Name name;
  size_t spelled = 0;  // labels that the person wrote
};
absl::StatusOr<std::vector<SearchStep>> SearchPath(std::string_view text, const std::vector<std::string>& search);
// "default.svc.cluster.local", "svc.cluster.local", "cluster.local"; nothing without a forward zone.
std::vector<std::string> SearchOf(const ClusterSubject& cluster, std::string_view namespace_name);

}  // namespace podnamed::admin
