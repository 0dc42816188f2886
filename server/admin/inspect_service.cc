#include "server/admin/inspect_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/time/clock.h"
#include "server/admin/client.h"
#include "server/admin/controller_call.h"
#include "server/admin/explain.h"
#include "server/admin/list.h"
#include "server/admin/meaning.h"
#include "server/admin/objects.h"
#include "server/base/ip_address.h"
#include "server/base/status.h"
#include "server/base/version.h"

namespace podnamed::admin {
namespace {

// How long a watch goes on after its client is gone.
constexpr absl::Duration kLookForCancellation = absl::Milliseconds(200);

// The codes are the same numbers.
grpc::Status ToGrpc(const absl::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

v1::Cluster StatusOf(const ClusterSubject& subject, absl::Time now, const grpc::ServerContext* caller) {
  v1::Cluster cluster;
  cluster.set_source(subject.source);
  const FeedStatus feed = subject.feed_status();
  cluster.set_connected(feed.connected);
  if (!feed.connected) {
    cluster.set_last_error(feed.last_error);
  } else if (v1::Held held = AskHeld(subject, caller); held.records() > 0) {
    *cluster.mutable_held() = std::move(held);
  }
  if (feed.lost_source) {
    *cluster.mutable_lost_source()->mutable_age() =
        ToDuration(std::max(absl::ZeroDuration(), now - feed.lost_source->since));
    cluster.mutable_lost_source()->set_why(feed.lost_source->why);
  }
  if (feed.last_message != absl::InfinitePast()) {
    *cluster.mutable_last_heard() = ToTimestamp(feed.last_message);
    *cluster.mutable_since_heard() = ToDuration(std::max(absl::ZeroDuration(), now - feed.last_message));
  }
  state::SnapshotReader reader(*subject.holder);
  const state::Snapshot* const snapshot = reader.Current();
  cluster.set_synced(snapshot != nullptr);
  if (snapshot == nullptr) return cluster;
  if (const uint32_t seconds = reader.stale_seconds(); seconds > 0) cluster.mutable_stale()->set_seconds(seconds);
  *cluster.mutable_position() = MakePosition(snapshot->position());
  if (auto changed_at = ChangedAt(*snapshot)) *cluster.mutable_changed_at() = *std::move(changed_at);
  cluster.set_namespaces(snapshot->namespace_count());
  cluster.set_services(snapshot->service_count());
  cluster.set_identities(snapshot->identity_count());
  cluster.set_unselected_pods(snapshot->pod_count());
  return cluster;
}

absl::Status NoCluster() { return absl::FailedPreconditionError("no server block has a kubernetes directive"); }

// The name below which an address is asked for: RFC 1035 section 3.5, RFC 3596 section 2.5.
std::string ReverseNameOf(const base::IpAddress& address) {
  std::string name;
  if (address.is_v4()) {
    const base::Ipv4Address v4 = address.v4();
    return fmt::format("{}.{}.{}.{}.in-addr.arpa.", v4[3], v4[2], v4[1], v4[0]);
  }
  const base::Ipv6Address& v6 = address.v6();
  for (size_t i = v6.size(); i-- > 0;) name += fmt::format("{:x}.{:x}.", v6[i] & 0xF, v6[i] >> 4);
  return name + "ip6.arpa.";
}

struct Question {
  dns::Name name;
  dns::RecordType type{};
};

absl::StatusOr<Question> QuestionOf(const v1::LookupRequest& request) {
  Question question{{}, dns::RecordType::kA};
  std::string text = request.name();
  if (text.empty()) return absl::InvalidArgumentError("found no name, expected one");
  if (const std::optional<base::IpAddress> address = base::ParseIpAddress(text)) {
    text = ReverseNameOf(*address);
    question.type = dns::RecordType::kPtr;
  }
  ASSIGN_OR_RETURN(question.name, dns::Name::FromText(text));
  if (request.type().empty()) return question;
  const std::optional<dns::RecordType> type = dns::ParseRecordType(request.type());
  if (!type) {
    return absl::InvalidArgumentError(fmt::format(
        "found type {}, expected one like A, AAAA, SRV, PTR, TXT, CNAME, SOA, NS or TYPE65", request.type()));
  }
  question.type = *type;
  return question;
}

// The cluster of that source; of the only one, if it is empty.
absl::StatusOr<const ClusterSubject*> ClusterOf(const Subject& subject, const std::string& source) {
  const auto& clusters = subject.clusters;
  if (clusters.empty()) return NoCluster();
  if (source.empty() && clusters.size() == 1) return &clusters.front();
  std::vector<std::string> sources;
  for (const ClusterSubject& cluster : clusters) {
    if (cluster.source == source) return &cluster;
    sources.push_back(fmt::format("\"{}\"", cluster.source));
  }
  return absl::InvalidArgumentError(
      fmt::format("found source \"{}\", expected one of {}", source, fmt::join(sources, ", ")));
}

// What a watch of that name wants to hear of.
absl::StatusOr<WatchHub::Filter> FilterOf(const Subject& subject, const std::string& name) {
  if (subject.clusters.empty()) return NoCluster();
  if (name.empty()) return WatchHub::Filter([](size_t, const v1::Object&) { return true; });
  std::vector<std::vector<Scope>> scopes(subject.clusters.size());
  bool found = false;
  for (size_t i = 0; i < scopes.size(); ++i) {
    const ClusterSubject& cluster = subject.clusters[i];
    ASSIGN_OR_RETURN(const std::vector<SearchStep> path, SearchPath(name, SearchOf(cluster, "default")));
    for (const SearchStep& step : path) {
      if (std::optional<Scope> scope = ScopeOf(step.name, cluster.zones)) scopes[i].push_back(*std::move(scope));
    }
    found = found || !scopes[i].empty();
  }
  if (!found) {
    return absl::InvalidArgumentError(
        fmt::format("found {}, expected a name of a pod, service or namespace in a zone of a cluster", name));
  }
  return WatchHub::Filter([scopes = std::move(scopes)](size_t cluster, const v1::Object& object) {
    return std::any_of(scopes[cluster].begin(), scopes[cluster].end(),
                       [&](const Scope& scope) { return scope.Holds(object); });
  });
}

}  // namespace

grpc::Status InspectService::Status(grpc::ServerContext* context, const v1::StatusRequest* /*request*/,
                                    v1::StatusResponse* response) {
  const std::shared_ptr<View> view = Current();
  const absl::Time now = absl::Now();
  response->set_version(std::string(base::kVersion));
  *response->mutable_started_at() = ToTimestamp(view->subject.started_at);
  *response->mutable_uptime() = ToDuration(std::max(absl::ZeroDuration(), now - view->subject.started_at));
  response->set_workers(static_cast<uint32_t>(view->subject.workers));
  for (const BlockSubject& subject : view->subject.blocks) {
    v1::Block& block = *response->add_blocks();
    block.set_source(subject.source);
    for (const auto& [endpoint, name] : subject.zones) {
      v1::Block::Zone& zone = *block.add_zones();
      zone.set_endpoint(endpoint);
      zone.set_zone(name);
    }
  }
  for (const ClusterSubject& subject : view->subject.clusters)
    *response->add_clusters() = StatusOf(subject, now, context);
  return grpc::Status::OK;
}

grpc::Status InspectService::Lookup(grpc::ServerContext* /*context*/, const v1::LookupRequest* request,
                                    v1::LookupResponse* response) {
  const std::shared_ptr<View> view = Current();
  const absl::StatusOr<Question> question = QuestionOf(*request);
  if (!question.ok()) return ToGrpc(question.status());
  const absl::StatusOr<Client> client = FindClient(view->subject, request->as());
  if (!client.ok()) return ToGrpc(client.status());
  *response = Ask(view->subject, *client, question->name, question->type);
  return grpc::Status::OK;
}

grpc::Status InspectService::Explain(grpc::ServerContext* context, const v1::ExplainRequest* request,
                                     v1::ExplainResponse* response) {
  const std::shared_ptr<View> view = Current();
  absl::StatusOr<v1::ExplainResponse> explained = admin::Explain(view->subject, *request, context);
  if (!explained.ok()) return ToGrpc(explained.status());
  *response = *std::move(explained);
  return grpc::Status::OK;
}

grpc::Status InspectService::Release(grpc::ServerContext* context, const v1::ReleaseRequest* request,
                                     v1::ReleaseResponse* response) {
  const std::shared_ptr<View> view = Current();
  const absl::StatusOr<const ClusterSubject*> cluster = ClusterOf(view->subject, request->source());
  if (!cluster.ok()) return ToGrpc(cluster.status());
  const absl::StatusOr<uint64_t> released = ReleaseHeld(**cluster, context);
  if (!released.ok()) return ToGrpc(released.status());
  response->set_released(*released);
  return grpc::Status::OK;
}

grpc::Status InspectService::ListServices(grpc::ServerContext* /*context*/, const v1::ListRequest* request,
                                          grpc::ServerWriter<v1::ListServicesResponse>* writer) {
  const std::shared_ptr<View> view = Current();
  const absl::StatusOr<const ClusterSubject*> cluster = ClusterOf(view->subject, request->source());
  if (!cluster.ok()) return ToGrpc(cluster.status());
  ServiceLister lister(*(*cluster)->holder, request->namespace_());
  while (const auto piece = lister.Next()) {
    if (!writer->Write(*piece)) break;
  }
  return grpc::Status::OK;
}

grpc::Status InspectService::ListPods(grpc::ServerContext* /*context*/, const v1::ListRequest* request,
                                      grpc::ServerWriter<v1::ListPodsResponse>* writer) {
  const std::shared_ptr<View> view = Current();
  const absl::StatusOr<const ClusterSubject*> cluster = ClusterOf(view->subject, request->source());
  if (!cluster.ok()) return ToGrpc(cluster.status());
  PodLister lister(*(*cluster)->holder, request->namespace_());
  while (const auto piece = lister.Next()) {
    if (!writer->Write(*piece)) break;
  }
  return grpc::Status::OK;
}

grpc::Status InspectService::Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                                   grpc::ServerWriter<v1::WatchResponse>* writer) {
  while (true) {
    const std::shared_ptr<View> view = Current();
    absl::StatusOr<WatchHub::Filter> filter = FilterOf(view->subject, request->name());
    if (!filter.ok()) return ToGrpc(filter.status());
    const std::shared_ptr<WatchHub::Watcher> watcher = view->hub.Watch(*std::move(filter));
    if (watcher == nullptr && !view->hub.stopped()) {
      return {grpc::StatusCode::RESOURCE_EXHAUSTED, "too many watch already"};
    }
    const auto leave = absl::MakeCleanup([&] { view->hub.Leave(watcher); });
    while (!context->IsCancelled() && !view->hub.stopped()) {
      const std::optional<v1::WatchResponse> response = view->hub.Next(*watcher, kLookForCancellation);
      if (response && !writer->Write(*response)) return grpc::Status::OK;
    }
    if (context->IsCancelled()) return grpc::Status::OK;
    if (stopping()) return {grpc::StatusCode::UNAVAILABLE, "podnamed is stopping"};
  }
}

void InspectService::Show(Subject subject) {
  auto next = std::make_shared<View>(std::move(subject), limits_);
  {
    const absl::MutexLock lock(&mutex_);
    std::swap(view_, next);
  }
  if (next != nullptr) next->hub.Stop();
}

void InspectService::Stop() {
  const absl::MutexLock lock(&mutex_);
  stopping_ = true;
  view_->hub.Stop();
}

std::shared_ptr<InspectService::View> InspectService::Current() const {
  const absl::MutexLock lock(&mutex_);
  return view_;
}

bool InspectService::stopping() const {
  const absl::MutexLock lock(&mutex_);
  return stopping_;
}

}  // namespace podnamed::admin
