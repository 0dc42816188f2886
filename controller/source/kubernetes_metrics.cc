#include "controller/source/kubernetes_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>

namespace podnamed::controller {
namespace {

prometheus::Family<prometheus::Counter>& CounterFamily(prometheus::Registry& registry, const char* name,
                                                       const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
prometheus::Family<prometheus::Gauge>& GaugeFamily(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
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
                .Add({})) {}

KubernetesMetrics::Resource KubernetesMetrics::Of(const std::string& resource) {
  return {.lists = lists_.Add({{"resource", resource}}),
          .watches = watches_.Add({{"resource", resource}}),
          .following = following_.Add({{"resource", resource}}),
          .objects = objects_.Add({{"resource", resource}})};
}

void KubernetesMetrics::CountError(const absl::Status& why) { source_.CountError(KindOf(why)); }

void KubernetesMetrics::SetHeld(size_t records) { held_.Set(static_cast<double>(records)); }

}  // namespace podnamed::controller
