// What the feed costs for the cluster of docs/performance.md's measurements: 150,000 pod identities.
#include <benchmark/benchmark.h>
#include <grpcpp/grpcpp.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "controller/feed/feed_log.h"
#include "controller/feed/feed_server.h"
#include "controller/feed/feed_service.h"
#include "proto/podnamed/feed/v1/feed.grpc.pb.h"

namespace podnamed::controller {
namespace {

using feed::v1::Record;

constexpr int kPods = 150'000;

Record PodIdentity(int i, const std::string& uid = "5f3c9a50-7d0e-4f7e-9c1b-8a2d6c0b1e37") {
  Record record;
  feed::v1::PodIdentity& identity = *record.mutable_pod_identity();
  identity.set_namespace_("namespace-" + std::to_string(i / 750));
  identity.set_service("service-" + std::to_string(i / 75 % 10));
  identity.set_name("web-" + std::to_string(i % 75));
  identity.set_is_pod(true);
  identity.set_hostname(identity.name());
  identity.set_uid(uid);
  const char address[] = {10, static_cast<char>(i >> 16), static_cast<char>(i >> 8), static_cast<char>(i)};
  identity.add_addresses(address, sizeof(address));
  feed::v1::Port& port = *identity.add_ports();
  port.set_name("http");
  port.set_protocol(feed::v1::TCP);
  port.set_number(8080);
  identity.set_ready(true);
  identity.set_serving(true);
  identity.set_node("node-" + std::to_string(i % 500));
  identity.set_zone("eu-central-1a");
  identity.set_ordinal(static_cast<uint32_t>(i % 75));
  return record;
}

std::vector<Record> Cluster() {
  std::vector<Record> records;
  records.reserve(kPods);
  for (int i = 0; i < kPods; ++i) records.push_back(PodIdentity(i));
  return records;
}

void FirstReplace(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Record> records = Cluster();
    FeedLog log(RandomEpoch(), {.max_bytes = 0});
    state.ResumeTiming();
    log.Replace(std::move(records), absl::Now());
  }
}
BENCHMARK(FirstReplace)->Unit(benchmark::kMillisecond);

void ReplaceByTheSame(benchmark::State& state) {
  FeedLog log(RandomEpoch());
  log.Replace(Cluster(), absl::Now());
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Record> records = Cluster();
    state.ResumeTiming();
    log.Replace(std::move(records), absl::Now());
  }
}
BENCHMARK(ReplaceByTheSame)->Unit(benchmark::kMillisecond);

void AppendOne(benchmark::State& state) {
  FeedLog log(RandomEpoch());
  log.Replace(Cluster(), absl::Now());
  int pod = 0;
  for (auto _ : state) {
    feed::v1::Op op;
    *op.mutable_upsert() = PodIdentity(pod, std::to_string(state.iterations()));
    pod = (pod + 7919) % kPods;
    log.Append({std::move(op)}, absl::Now());
  }
}
BENCHMARK(AppendOne);

void TakeSnapshot(benchmark::State& state) {
  FeedLog log(RandomEpoch());
  log.Replace(Cluster(), absl::Now());
  for (auto _ : state) benchmark::DoNotOptimize(log.TakeSnapshot());
}
BENCHMARK(TakeSnapshot)->Unit(benchmark::kMillisecond);

// From dialling to SnapshotEnd, by a reader that decodes every part.
void SnapshotOverAUnixSocket(benchmark::State& state) {
  std::string directory = (std::filesystem::temp_directory_path() / "feed_bench.XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) return;
  const std::string address = "unix://" + directory + "/feed.sock";
  {
    FeedLog log(RandomEpoch());
    log.Replace(Cluster(), absl::Now());
    FeedService service(log);
    const auto server = FeedServer::Start(service, {address});
    size_t octets = 0;
    for (auto _ : state) {
      grpc::ClientContext context;
      const auto stub = feed::v1::Feed::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
      const auto stream = stub->Subscribe(&context);
      feed::v1::SubscribeRequest request;
      request.mutable_hello();
      stream->Write(request);
      feed::v1::SubscribeResponse response;
      octets = 0;
      while (stream->Read(&response) && !response.has_snapshot_end()) octets += response.ByteSizeLong();
      context.TryCancel();
      stream->Finish();
    }
    state.counters["octets"] = static_cast<double>(octets);
  }
  std::filesystem::remove_all(directory);
}
BENCHMARK(SnapshotOverAUnixSocket)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

void MemoryPerRecord(benchmark::State& state) {
  for (auto _ : state) {
    const size_t before = mallinfo2().uordblks;
    FeedLog log(RandomEpoch(), {.max_bytes = 0});
    log.Replace(Cluster(), absl::Now());
    const size_t newest_batch = (*log.BatchAfter(log.head() - 1))->size();
    const size_t bytes = mallinfo2().uordblks - before - newest_batch;
    state.counters["bytes"] = static_cast<double>(bytes) / kPods;
    state.counters["encoded"] = static_cast<double>(PodIdentity(kPods / 2).ByteSizeLong());
  }
}
BENCHMARK(MemoryPerRecord)->Iterations(1);

}  // namespace
}  // namespace podnamed::controller
