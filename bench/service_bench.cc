// What a query costs from octets to octets, sockets apart, and what the plugins that tell of it add: batches of one
// (an idle server) and of 32 (a busy one).
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/plugins/errors.h"
#include "server/plugins/kubernetes.h"
#include "server/plugins/log_format.h"
#include "server/plugins/prometheus.h"
#include "server/service/query_service.h"
#include "server/state/snapshot_builder.h"
#include "server/testing/dns_message.h"
#include "server/testing/entities.h"

namespace podnamed::service {
namespace {

class Bench {
 public:
  Bench() {
    state::SnapshotBuilder builder;
    builder.Add(
        {state::Namespace{"default", 0}, testing::Headless("nginx"), testing::Pod("nginx", "web-0", {"10.0.0.1"})});
    holder_.Publish(builder.Build({}, absl::UnixEpoch()));
  }

  void Add(std::unique_ptr<plugins::Plugin> plugin) { chain_.push_back(std::move(plugin)); }
  void AddPrometheus() { Add(std::make_unique<plugins::Prometheus>(std::vector<plugins::QueryCounts*>{&counts_})); }

  void Run(benchmark::State& state) {
    Add(std::make_unique<plugins::Kubernetes>(resolver_, holder_));
    QueryService service({{entrance_zone_, &chain_, &entrance_}}, &refused_);
    const std::vector<uint8_t> packet =
        testing::MakeQuery("web-0.nginx.default.svc.cluster.local.", dns::RecordType::kA, {.edns_size = 1232});
    std::vector<uint8_t> buffer(dns::kDefaultUdpLimit);
    const int64_t batch = state.range(0);
    const net::Request request{.message = packet, .client = *base::ParseIpAddress("10.0.0.9"), .client_port = 40000};
    const std::vector<net::Request> requests(static_cast<size_t>(batch), request);
    size_t size = 0;
    for (auto _ : state) {
      if (batch > 1) service.LookAhead(requests);
      for (const net::Request& one : requests) service.Handle(one, absl::MakeSpan(buffer), size);
      service.OnBatchSent();
      benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * batch);
  }

 private:
  const dns::Name entrance_zone_ = *dns::Name::FromText("cluster.local");
  const plugins::Entrance entrance_{"dns://:53", "cluster.local.", 0};
  plugins::QueryCounts counts_;
  plugins::QueryCounts refused_;
  state::SnapshotHolder holder_;
  resolve::Resolver resolver_{{.zones = {entrance_zone_}, .server_ipv4 = {}, .server_ipv6 = {}}};
  plugins::PluginChain chain_;
};

void Alone(benchmark::State& state) { Bench().Run(state); }
BENCHMARK(Alone)->Arg(1)->Arg(32);

void WithErrors(benchmark::State& state) {
  plugins::Consolidation consolidation({});
  Bench bench;
  bench.Add(std::make_unique<plugins::Errors>(consolidation));
  bench.Run(state);
}
BENCHMARK(WithErrors)->Arg(1)->Arg(32);

void WithPrometheus(benchmark::State& state) {
  Bench bench;
  bench.AddPrometheus();
  bench.Run(state);
}
BENCHMARK(WithPrometheus)->Arg(1)->Arg(32);

// A line of `log`, put together: its queue and its thread come on top.
void LineOfLog(benchmark::State& state) {
  const std::vector<uint8_t> packet =
      testing::MakeQuery("web-0.nginx.default.svc.cluster.local.", dns::RecordType::kA, {.edns_size = 1232});
  plugins::Exchange exchange;
  dns::ParseQuery(packet, exchange.asked);
  exchange.reply_flags = dns::kResponseFlag | dns::kAuthoritativeFlag;
  exchange.started = std::chrono::steady_clock::now();
  const plugins::LogFormat format(
      "{remote}:{port} - {>id} \"{type} {class} {name} {proto} {size} {>do} {>bufsize}\" {rcode} {>rflags} {rsize} "
      "{duration}");
  std::string line;
  for (auto _ : state) {
    format.Write(exchange, packet.size(), "[::]", nullptr, line);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(LineOfLog);

}  // namespace
}  // namespace podnamed::service
