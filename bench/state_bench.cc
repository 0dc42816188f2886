// The state at the size that docs/performance.md speaks of: what a pod costs in memory, what one change costs in small
// and big clusters, what a lookup costs.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include "absl/strings/str_cat.h"
#include "server/state/look_ahead.h"
#include "server/state/snapshot_builder.h"

namespace podnamed::state {
namespace {

constexpr int kPodsInService = 75;

PodIdentity MakePod(int service, int ordinal, uint8_t generation) {
  PodIdentity pod;
  pod.namespace_name = absl::StrCat("ns-", service / 10);
  pod.service = absl::StrCat("web-", service % 10);
  pod.name = pod.hostname = absl::StrCat("web-", service % 10, "-", ordinal);
  pod.is_pod = pod.ready = pod.serving = true;
  pod.uid = static_cast<Uid>(service) * 1000 + static_cast<Uid>(ordinal) + 1;
  const int number = service * kPodsInService + ordinal;
  pod.addresses = {
      base::IpAddress(base::Ipv4Address{static_cast<uint8_t>(10 + generation), static_cast<uint8_t>(number >> 16),
                                        static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)})};
  pod.ports = {{"http", Protocol::kTcp, 8080}};
  return pod;
}

std::unique_ptr<const Snapshot> MakeCluster(int pods) {
  SnapshotBuilder builder;
  for (int service = 0; service * kPodsInService < pods; ++service) {
    std::vector<Op> ops;
    for (int ordinal = 0; ordinal < kPodsInService; ++ordinal) ops.emplace_back(MakePod(service, ordinal, 0));
    Service entity;
    entity.namespace_name = absl::StrCat("ns-", service / 10);
    entity.name = absl::StrCat("web-", service % 10);
    entity.ports = {{"http", Protocol::kTcp, 80}};
    ops.emplace_back(Namespace{entity.namespace_name, 1});
    ops.emplace_back(std::move(entity));
    builder.Add(std::move(ops));
    builder.Flush();
  }
  return builder.Build({}, absl::UnixEpoch());
}

void BM_BytesPerPod(benchmark::State& bench) {
  for (auto _ : bench) {
    const size_t before = mallinfo2().uordblks;
    const auto cluster = MakeCluster(static_cast<int>(bench.range(0)));
    const size_t after = mallinfo2().uordblks;
    bench.counters["bytes/pod"] = static_cast<double>(after - before) / static_cast<double>(cluster->identity_count());
  }
}
BENCHMARK(BM_BytesPerPod)->Arg(150'000)->Iterations(1)->Unit(benchmark::kMillisecond);

void BM_OneChange(benchmark::State& bench) {
  std::unique_ptr<const Snapshot> cluster = MakeCluster(static_cast<int>(bench.range(0)));
  const int services = static_cast<int>(bench.range(0)) / kPodsInService;
  int step = 0;
  for (auto _ : bench) {
    SnapshotBuilder builder(*cluster);
    std::vector<Op> ops;
    ops.emplace_back(MakePod(step * 7919 % services, step % kPodsInService, static_cast<uint8_t>(step % 100)));
    builder.Add(std::move(ops));
    cluster = builder.Build({}, absl::UnixEpoch());
    ++step;
  }
}
BENCHMARK(BM_OneChange)->Arg(1'000)->Arg(10'000)->Arg(150'000)->Arg(1'000'000)->Unit(benchmark::kMicrosecond);

// A snapshot as it is after a start: every service at once.
void BM_Load(benchmark::State& bench) {
  for (auto _ : bench) benchmark::DoNotOptimize(MakeCluster(static_cast<int>(bench.range(0))));
}
BENCHMARK(BM_Load)->Arg(1'000)->Arg(150'000)->Unit(benchmark::kMillisecond);

// Random pods of a million, in batches as they come; 1: memory is asked for a batch at a time before.
void BM_FindPod(benchmark::State& bench) {
  constexpr int kPods = 1'000'000;
  const auto cluster = MakeCluster(kPods);
  std::vector<std::array<std::string, 3>> names;
  for (int i = 0; i < 99'968; ++i) {
    const int service = i * 7919 % (kPods / kPodsInService);
    names.push_back({absl::StrCat("ns-", service / 10), absl::StrCat("web-", service % 10),
                     absl::StrCat("web-", service % 10, "-", i % kPodsInService)});
  }
  LookAhead ahead;
  size_t i = 0;
  for (auto _ : bench) {
    if (bench.range(0) == 1 && i % LookAhead::kMost == 0) {
      for (size_t j = i; j < i + LookAhead::kMost; ++j) {
        const auto& [namespace_name, service, pod] = names[j % names.size()];
        ahead.ExpectService(*cluster, namespace_name, service, /*clusterset=*/false, pod);
      }
      ahead.Fetch();
    }
    const auto& [namespace_name, service, pod] = names[i++ % names.size()];
    const ServiceBlock* block = cluster->FindService(namespace_name, service);
    block->ForEachWithLabel(pod, [](auto identity) { benchmark::DoNotOptimize(identity.ipv4()); });
  }
}
BENCHMARK(BM_FindPod)->Arg(0)->Arg(1);

}  // namespace
}  // namespace podnamed::state
