// What one event costs in small and big clusters, and what the index keeps of a pod. Clusters as docs/performance.md
// speaks of: services of 75 pods, ten of them in a namespace, each pod in a slice of its service.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "controller/identity/cluster_index.h"

namespace podnamed::controller {
namespace {

using k8s::core::v1::Pod;
using k8s::core::v1::Service;
using k8s::discovery::v1::EndpointSlice;

constexpr int kPodsInService = 75;

template <typename Object>
Object Named(int service, std::string name) {
  Object object;
  object.mutable_metadata()->set_namespace_(absl::StrCat("namespace-", service / 10));
  object.mutable_metadata()->set_name(std::move(name));
  object.mutable_metadata()->set_uid(absl::StrCat("5f3c9a50-7d0e-4f7e-9c1b-", service));
  return object;
}

std::string PodName(int service, int ordinal) { return absl::StrCat("web-", service % 10, "-", ordinal); }

std::string Address(int service, int ordinal, int life) {
  const int number = service * kPodsInService + ordinal;
  return absl::StrCat(10 + life, ".", number >> 16, ".", number >> 8 & 255, ".", number & 255);
}

Pod MakePod(int service, int ordinal, int life) {
  Pod pod = Named<Pod>(service, PodName(service, ordinal));
  auto& labels = *pod.mutable_metadata()->mutable_labels();
  labels["app"] = absl::StrCat("web-", service % 10);
  labels["controller-revision-hash"] = absl::StrCat("web-", service % 10, "-6596ffb49b");
  labels["statefulset.kubernetes.io/pod-name"] = pod.metadata().name();
  labels["apps.kubernetes.io/pod-index"] = std::to_string(ordinal);
  k8s::meta::v1::OwnerReference& owner = *pod.mutable_metadata()->add_owner_references();
  owner.set_kind("StatefulSet");
  owner.set_name(absl::StrCat("web-", service % 10));
  owner.set_uid("6b0d2d5c-35c5-4f0e-8b9c-0a5f2d7f4f11");
  owner.set_controller(true);
  pod.mutable_spec()->set_node_name(absl::StrCat("node-", ordinal % 500));
  pod.mutable_spec()->set_hostname(pod.metadata().name());
  pod.mutable_spec()->set_subdomain(absl::StrCat("web-", service % 10));
  k8s::core::v1::ContainerPort& port = *pod.mutable_spec()->add_containers()->add_ports();
  port.set_name("http");
  port.set_container_port(8080);
  pod.mutable_status()->set_phase("Running");
  pod.mutable_status()->set_pod_ip(Address(service, ordinal, life));
  pod.mutable_status()->add_pod_ips()->set_ip(Address(service, ordinal, life));
  k8s::core::v1::PodCondition& condition = *pod.mutable_status()->add_conditions();
  condition.set_type("Ready");
  condition.set_status("True");
  return pod;
}

Service MakeService(int service) {
  Service object = Named<Service>(service, absl::StrCat("web-", service % 10));
  (*object.mutable_spec()->mutable_selector())["app"] = object.metadata().name();
  object.mutable_spec()->set_cluster_ip("None");
  k8s::core::v1::ServicePort& port = *object.mutable_spec()->add_ports();
  port.set_name("http");
  port.set_port(80);
  port.mutable_target_port()->set_type(1);
  port.mutable_target_port()->set_str_val("http");
  return object;
}

// One pod of it, `ordinal`, is in its second life.
EndpointSlice MakeSlice(int service, int ordinal, int life) {
  EndpointSlice slice = Named<EndpointSlice>(service, absl::StrCat("web-", service % 10, "-x7k2p"));
  (*slice.mutable_metadata()->mutable_labels())["kubernetes.io/service-name"] = absl::StrCat("web-", service % 10);
  slice.set_address_type("IPv4");
  slice.add_ports()->set_name("http");
  slice.mutable_ports(0)->set_port(8080);
  for (int i = 0; i < kPodsInService; ++i) {
    k8s::discovery::v1::Endpoint& endpoint = *slice.add_endpoints();
    endpoint.add_addresses(Address(service, i, i == ordinal ? life : 0));
    endpoint.mutable_conditions()->set_ready(true);
    endpoint.mutable_conditions()->set_serving(true);
    endpoint.set_hostname(PodName(service, i));
    endpoint.mutable_target_ref()->set_kind("Pod");
    endpoint.mutable_target_ref()->set_name(PodName(service, i));
    endpoint.mutable_target_ref()->set_uid(absl::StrCat("5f3c9a50-7d0e-4f7e-9c1b-", service));
    endpoint.set_node_name(absl::StrCat("node-", i % 500));
    endpoint.set_zone("eu-central-1a");
  }
  return slice;
}

struct Parts {
  bool pods = false;
  bool slices = false;

  // Where there are slices, a cluster made them.
  ClusterIndex::Rules rules() const { return {.pods_alone_are_identities = !slices, .has_pods = pods}; }
};

void Fill(int pods, Parts parts, ClusterIndex* index) {
  for (int service = 0; service * kPodsInService < pods; ++service) {
    index->Put(MakeService(service));
    if (parts.slices) index->Put(MakeSlice(service, 0, 0));
    for (int ordinal = 0; parts.pods && ordinal < kPodsInService; ++ordinal) index->Put(MakePod(service, ordinal, 0));
    benchmark::DoNotOptimize(index->TakeChanges());
  }
}

// One event, and its change taken, at a service that is another one each time. Makes the cluster big first.
template <typename PutOne>
void OneEvent(benchmark::State& state, Parts parts, PutOne put) {
  const int pods = static_cast<int>(state.range(0));
  const int services = (pods + kPodsInService - 1) / kPodsInService;
  ClusterIndex index(parts.rules());
  Fill(pods, parts, &index);
  size_t ops = 0;
  int step = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const auto object = put(step * 7919 % services, step % kPodsInService, 1 + step % 100);
    ++step;
    state.ResumeTiming();
    index.Put(object);
    ops += index.TakeChanges().size();
  }
  state.counters["ops"] = benchmark::Counter(static_cast<double>(ops), benchmark::Counter::kAvgIterations);
}

void PodEvent(benchmark::State& state) { OneEvent(state, {.pods = true, .slices = false}, MakePod); }
void PodEventBesideSlices(benchmark::State& state) { OneEvent(state, {.pods = true, .slices = true}, MakePod); }
void SliceEvent(benchmark::State& state) { OneEvent(state, {.pods = false, .slices = true}, MakeSlice); }
void SliceEventBesidePods(benchmark::State& state) { OneEvent(state, {.pods = true, .slices = true}, MakeSlice); }

// A fixed number of times: every search for the right one would make the cluster again.
void Sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->RangeMultiplier(10)->Range(1'000, 1'000'000)->Iterations(2'000)->Unit(benchmark::kMicrosecond);
}
BENCHMARK(PodEvent)->Apply(Sizes);
BENCHMARK(PodEventBesideSlices)->Apply(Sizes);
BENCHMARK(SliceEvent)->Apply(Sizes);
BENCHMARK(SliceEventBesidePods)->Apply(Sizes);

// A pod that a relist brings again as it was.
void PodAsItWas(benchmark::State& state) {
  ClusterIndex index({});
  Fill(static_cast<int>(state.range(0)), {.pods = true, .slices = false}, &index);
  const Pod pod = MakePod(0, 0, 0);
  for (auto _ : state) index.Put(pod);
}
BENCHMARK(PodAsItWas)->Arg(150'000);

void BytesPerPod(benchmark::State& state) {
  const int pods = 150'000;
  for (auto _ : state) {
    const size_t before = mallinfo2().uordblks;
    const Parts parts{.pods = state.range(0) != 0, .slices = state.range(1) != 0};
    ClusterIndex index(parts.rules());
    Fill(pods, parts, &index);
    state.counters["bytes"] = static_cast<double>(mallinfo2().uordblks - before) / pods;
  }
}
BENCHMARK(BytesPerPod)
    ->ArgNames({"pods", "slices"})
    ->Args({1, 0})
    ->Args({0, 1})
    ->Args({1, 1})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace podnamed::controller
