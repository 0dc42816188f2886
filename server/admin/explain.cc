#include "server/admin/explain.h"

#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "proto/podnamed/origin/v1/origin.grpc.pb.h"
#include "server/admin/client.h"
#include "server/admin/controller_call.h"
#include "server/admin/dns_message.h"
#include "server/admin/meaning.h"
#include "server/admin/objects.h"
#include "server/base/ip_address.h"
#include "server/base/printable.h"
#include "server/base/status.h"
#include "server/resolve/reverse_name.h"
#include "server/state/snapshot_holder.h"

namespace podnamed::admin {
namespace {

using v1::ExplainResponse;
using v1::LookupResponse;
using v1::Step;

constexpr uint32_t kNdots = 5;  // what the kubelet writes into every pod's resolv.conf
constexpr std::string_view kDefaultNamespace = "default";

// With this reply the search ends, also where it holds an alias alone (glibc's __res_context_query).
bool EndsSearch(const LookupResponse& reply) { return reply.rcode() == "NOERROR" && reply.answer_size() > 0; }

bool HasAddress(const LookupResponse& reply) {
  return EndsSearch(reply) && std::any_of(reply.answer().begin(), reply.answer().end(),
                                          [&](const auto& record) { return record.type() == reply.type(); });
}

// What a resolver that wants addresses makes of the two replies (glibc's res_search and getaddrinfo).
Step::Verdict VerdictOf(const LookupResponse& ipv4, const LookupResponse& ipv6) {
  if (HasAddress(ipv4) || HasAddress(ipv6)) return Step::ANSWERS;
  if (ipv4.rcode() == "NXDOMAIN" && ipv6.rcode() == "NXDOMAIN") return Step::NO_SUCH_NAME;
  if (ipv4.rcode() == "NOERROR" && ipv6.rcode() == "NOERROR") return Step::NO_ADDRESS;
  return Step::FAILED;
}

// The cluster that the client's pod is in, or else the first.
const ClusterSubject* ClusterOf(const Subject& subject, const Client& client) {
  if (client.cluster != nullptr) return client.cluster;
  return subject.clusters.empty() ? nullptr : &subject.clusters.front();
}

std::optional<Meaning> Nearest(const ClusterSubject& cluster, const std::vector<SearchStep>& steps) {
  state::SnapshotReader reader(*cluster.holder);
  const state::Snapshot* const snapshot = reader.Current();
  std::optional<Meaning> nearest;
  if (snapshot == nullptr) return nearest;
  for (const SearchStep& step : steps) {
    std::optional<Meaning> meaning = FindMeaning(step.name, cluster.zones, step.spelled, *snapshot);
    if (meaning && (!nearest || meaning->part > nearest->part)) nearest = std::move(meaning);
  }
  return nearest;
}

v1::Origin AskController(const ClusterSubject& cluster, const feed::v1::Key& key, const grpc::ServerContext* caller) {
  origin::v1::LocateRequest request;
  *request.mutable_key() = key;
  origin::v1::LocateResponse response;
  const grpc::Status status =
      origin::v1::Origin::NewStub(cluster.controller)->Locate(ControllerContext(caller).get(), request, &response);
  v1::Origin origin;
  if (!status.ok()) {
    origin.set_error(status.error_code() == grpc::StatusCode::UNIMPLEMENTED
                         ? "the controller does not tell where its records come from"
                         : fmt::format("the controller does not say: {}", base::Printable(status.error_message())));
    return origin;
  }
  origin.set_place(base::Printable(response.place()));
  origin.mutable_position()->set_epoch(
      fmt::format("{:02x}", fmt::join(std::vector<uint8_t>(response.epoch().begin(), response.epoch().end()), "")));
  origin.mutable_position()->set_revision(response.revision());
  *origin.mutable_changed_at() = response.changed_at();
  const absl::Time changed_at =
      absl::FromUnixSeconds(response.changed_at().seconds()) + absl::Nanoseconds(response.changed_at().nanos());
  *origin.mutable_age() = ToDuration(std::max(absl::ZeroDuration(), absl::Now() - changed_at));
  return origin;
}

Step Walk(const Subject& subject, const Client& client, const dns::Name& name) {
  Step step;
  step.set_name(name.ToText());
  *step.mutable_ipv4() = Ask(subject, client, name, dns::RecordType::kA);
  *step.mutable_ipv6() = Ask(subject, client, name, dns::RecordType::kAaaa);
  step.set_verdict(VerdictOf(step.ipv4(), step.ipv6()));
  return step;
}

}  // namespace

LookupResponse Ask(const Subject& subject, const Client& client, const dns::Name& name, dns::RecordType type) {
  LookupResponse response;
  response.set_name(name.ToText());
  response.set_type(dns::NameOf(type));
  response.mutable_client()->set_address(client.address.ToString());
  response.mutable_client()->set_namespace_(client.namespace_name);
  response.mutable_client()->set_pod(client.pod);
  const std::vector<uint8_t> reply = subject.answer(MakeQuery(name, type), client.address);
  if (!reply.empty()) ReadReply(reply, response);
  return response;
}

std::vector<std::string> SearchOf(const ClusterSubject& cluster, std::string_view namespace_name) {
  for (const ZoneSubject& zone : cluster.zones) {
    if (zone.clusterset || zone.external_apex || resolve::IsReverseZone(zone.name)) continue;
    std::string text = zone.name.ToText();
    text.pop_back();  // the final dot
    return {fmt::format("{}.svc.{}", namespace_name, text), fmt::format("svc.{}", text), text};
  }
  return {};
}

absl::StatusOr<std::vector<SearchStep>> SearchPath(std::string_view text, const std::vector<std::string>& search) {
  ASSIGN_OR_RETURN(const dns::Name whole, dns::Name::FromText(text));
  const SearchStep as_is{whole.Folded(), whole.label_count()};
  if (text.ends_with('.')) return std::vector<SearchStep>{as_is};
  std::vector<SearchStep> steps;
  const auto dots = std::count(text.begin(), text.end(), '.');
  if (dots >= kNdots) steps.push_back(as_is);
  for (const std::string& suffix : search) {
    // One that would be too long is passed over, as a resolver does.
    const absl::StatusOr<dns::Name> name = dns::Name::FromText(fmt::format("{}.{}", text, suffix));
    if (name.ok()) steps.push_back({name->Folded(), whole.label_count()});
  }
  if (dots < kNdots) steps.push_back(as_is);
  return steps;
}

absl::StatusOr<ExplainResponse> Explain(const Subject& subject, const v1::ExplainRequest& request,
                                        const grpc::ServerContext* caller) {
  if (base::ParseIpAddress(request.name())) {
    return absl::InvalidArgumentError("found an address, expected a name: a resolver asks nobody for it; lookup does");
  }
  ASSIGN_OR_RETURN(Client client, FindClient(subject, request.as()));
  const ClusterSubject* const home = ClusterOf(subject, client);
  const std::string_view namespace_name = client.namespace_name.empty() ? kDefaultNamespace : client.namespace_name;
  ExplainResponse response;
  response.mutable_client()->set_address(client.address.ToString());
  response.mutable_client()->set_namespace_(std::string(namespace_name));
  response.mutable_client()->set_pod(client.pod);
  response.set_ndots(kNdots);
  std::vector<std::string> search;
  if (home != nullptr) search = SearchOf(*home, namespace_name);
  for (const std::string& suffix : search) response.add_search(suffix);

  ASSIGN_OR_RETURN(std::vector<SearchStep> path, SearchPath(request.name(), search));
  bool is_taken = false;
  for (const SearchStep& step : path) {
    const Step& walked = *response.add_steps() = Walk(subject, client, step.name);
    response.set_resolves(walked.verdict() == Step::ANSWERS);
    is_taken = EndsSearch(walked.ipv4()) || EndsSearch(walked.ipv6());
    if (is_taken) break;
  }
  if (home == nullptr) return response;
  const Step& last = response.steps(response.steps_size() - 1);
  if (is_taken) path = {path[static_cast<size_t>(response.steps_size()) - 1]};
  const ClusterSubject* cluster = home;
  std::optional<Meaning> meaning = Nearest(*home, path);
  for (const ClusterSubject& other : subject.clusters) {
    if (meaning) break;
    cluster = &other;
    meaning = Nearest(other, path);
  }
  if (!meaning && response.resolves() && last.ipv4().authoritative()) {
    // A short name is answered for what the search list would make of it.
    std::string_view relative = request.name();
    if (relative.ends_with('.')) relative.remove_suffix(1);
    ASSIGN_OR_RETURN(path, SearchPath(relative, search));
    cluster = home;
    meaning = Nearest(*home, path);
    if (meaning && meaning->part != Meaning::Part::kWhole) meaning.reset();
  }
  if (meaning) {
    *response.mutable_origin() = AskController(*cluster, meaning->key, caller);
    const std::string description = Describe(meaning->object);
    response.set_text(fmt::format("{}{}{}", NameOf(meaning->object), description.empty() ? "" : ": ", description));
    *response.mutable_object() = std::move(meaning->object);
  }
  return response;
}

}  // namespace podnamed::admin
