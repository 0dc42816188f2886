#include "controller/source/kubernetes_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include "absl/strings/str_cat.h"

namespace podnamed::controller {
namespace {

prometheus::Family<prometheus::Counter>& CounterFamily(prometheus::Registry& registry, const char* name,
                                                       const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
prometheus::Family<prometheus::Gauge>& GaugeFamily(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Histogram>& HistogramFamily(prometheus::Registry& registry, const char* name,
                                                           const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

// In an operator's words, where the status has another one.
const char* KindOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
      return "unauthorized";
    case absl::StatusCode::kPermissionDenied:
      return "forbidden";
    case absl::StatusCode::kNotFound:
      return "not_found";
    case absl::StatusCode::kOutOfRange:
      return "expired";
    case absl::StatusCode::kFailedPrecondition:
      return "restored";
    case absl::StatusCode::kDeadlineExceeded:
      return "timeout";
    case absl::StatusCode::kUnavailable:
      return "unavailable";
    default:
      return "malformed";
  }
}

}  // namespace

KubernetesMetrics::KubernetesMetrics(SourceMetrics& source)
    : source_(source),
      lists_(CounterFamily(source.registry(), "podname_controller_kubernetes_lists_total",
                           "Lists of a resource that have ended well; all but the first are relists.")),
      watches_(CounterFamily(source.registry(), "podname_controller_kubernetes_watches_total",
                             "Watches of a resource that have begun.")),
      following_(GaugeFamily(source.registry(), "podname_controller_kubernetes_following",
                             "1: a watch follows the API server; 0: what is known of the resource may be old.")),
      objects_(GaugeFamily(source.registry(), "podname_controller_kubernetes_objects", "Objects that are known.")),
      held_(GaugeFamily(source.registry(), "podname_controller_kubernetes_held_removals",
                        "Records whose removal waits for a second list.")
                .Add({})),
      requests_(CounterFamily(source.registry(), "coredns_kubernetes_rest_client_requests_total",
                              "Number of HTTP requests, partitioned by status code, method, and host.")),
      request_duration_(HistogramFamily(source.registry(), "coredns_kubernetes_rest_client_request_duration_seconds",
                                        "Request latency in seconds. Broken down by verb and host.")),
      rate_limiter_duration_(HistogramFamily(source.registry(),
                                             "coredns_kubernetes_rest_client_rate_limiter_duration_seconds",
                                             "Client side rate limiter latency in seconds. Broken down by verb and "
                                             "host.")) {}

KubernetesMetrics::Resource KubernetesMetrics::Of(const std::string& resource) {
  return {.lists = lists_.Add({{"resource", resource}}),
          .watches = watches_.Add({{"resource", resource}}),
          .following = following_.Add({{"resource", resource}}),
          .objects = objects_.Add({{"resource", resource}})};
}

void KubernetesMetrics::ObserveRequest(const std::string& server, unsigned status, std::chrono::nanoseconds duration) {
  const prometheus::Histogram::BucketBoundaries bounds = {.005, .01, .025, .05, .1, .25,
                                                          .5,   1,   2.5,  5,   10};  // CoreDNS's
  const std::string code = status == 0 ? "<error>" : absl::StrCat(status);
  requests_.Add({{"code", code}, {"method", "GET"}, {"host", server}}).Increment();
  const prometheus::Labels labels = {{"verb", "GET"}, {"host", server}};
  request_duration_.Add(labels, bounds).Observe(std::chrono::duration<double>(duration).count());
  rate_limiter_duration_.Add(labels, bounds).Observe(0);  // nothing limits our client
}

void KubernetesMetrics::CountError(const absl::Status& why) { source_.CountError(KindOf(why)); }

void KubernetesMetrics::SetHeld(size_t records) { held_.Set(static_cast<double>(records)); }

}  // namespace podnamed::controller
