// bench_query_instructions QUERY COUNT: answers the query COUNT times in batches of 32, from octets to octets through
// the chain of a usual server block, sockets apart. Nothing of its own work depends on COUNT but that: two runs under
// callgrind tell what a query costs (bench/instructions.py).
#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "server/dns/response.h"
#include "server/plugins/errors.h"
#include "server/plugins/kubernetes.h"
#include "server/plugins/prometheus.h"
#include "server/service/query_service.h"
#include "server/state/snapshot_builder.h"
#include "server/testing/dns_message.h"
#include "server/testing/entities.h"

namespace podnamed::service {
namespace {

constexpr int kServices = 100;
constexpr int kPods = 32;
constexpr int kBatch = 32;

// 100 headless services of 32 pods each, and as many with a cluster IP.
void Fill(state::SnapshotHolder& holder) {
  const std::vector<state::Port> ports = {{.name = "peer", .protocol = state::Protocol::kTcp, .number = 2380}};
  state::SnapshotBuilder builder;
  std::vector<state::Op> ops = {state::Namespace{"default", 0}};
  for (int i = 0; i < kServices; ++i) {
    const std::string headless = fmt::format("nginx-{}", i);
    ops.push_back(testing::Headless(headless, ports));
    ops.push_back(testing::ClusterIp(fmt::format("api-{}", i), {fmt::format("10.96.0.{}", i + 1)}, ports));
    for (int pod = 0; pod < kPods; ++pod) {
      ops.push_back(testing::Pod(headless, fmt::format("web-{}", pod), {fmt::format("10.0.{}.{}", i, pod + 1)}, ports));
    }
  }
  builder.Add(std::move(ops));
  holder.Publish(builder.Build({}, absl::UnixEpoch()));
}

// Each of the batch asks for another name.
std::vector<std::vector<uint8_t>> Packets(std::string_view query) {
  using dns::RecordType;
  std::vector<std::vector<uint8_t>> packets;
  for (int i = 0; i < kBatch; ++i) {
    const auto add = [&](const std::string& name, RecordType type, const testing::QueryOptions& options = {}) {
      packets.push_back(testing::MakeQuery(name, type, options));
    };
    if (query == "pod") add(fmt::format("web-{}.nginx-{}.default.svc.cluster.local.", i, i * 3), RecordType::kA);
    if (query == "service") {
      add(fmt::format("api-{}.default.svc.cluster.local.", i * 3), RecordType::kA, {.edns_size = 1232});
    }
    if (query == "miss") add(fmt::format("host-{}.example.com.default.svc.cluster.local.", i), RecordType::kA);
    if (query == "ptr") add(fmt::format("{}.{}.0.10.in-addr.arpa.", i + 1, i * 3), RecordType::kPtr);
    if (query == "srv") {
      add(fmt::format("_peer._tcp.api-{}.default.svc.cluster.local.", i * 3), RecordType::kSrv, {.edns_size = 1232});
    }
  }
  return packets;
}

// The answers must be right, or the figure is of something else.
bool IsRight(std::string_view query, absl::Span<const uint8_t> reply) {
  constexpr size_t kAnswerCount = 7;  // the low octet of ANCOUNT
  const uint8_t rcode = reply[3] & 0x0F;
  return query == "miss" ? rcode == 3 : rcode == 0 && reply[kAnswerCount] == 1;
}

int Run(std::string_view query, int64_t count) {
  state::SnapshotHolder holder;
  Fill(holder);
  const std::vector<dns::Name> zones = {*dns::Name::FromText("cluster.local"), *dns::Name::FromText("in-addr.arpa")};
  const resolve::Resolver resolver({.zones = zones, .server_ipv4 = {}, .server_ipv6 = {}});
  const plugins::Entrance entrance{"dns://:53", "cluster.local.", 0};
  const plugins::Entrance reverse_entrance{"dns://:53", "in-addr.arpa.", 1};
  plugins::QueryCounts counts;
  plugins::QueryCounts reverse_counts;
  plugins::QueryCounts refused;
  plugins::Consolidation consolidation({});
  plugins::PluginChain chain;
  chain.push_back(std::make_unique<plugins::Prometheus>(std::vector<plugins::QueryCounts*>{&counts, &reverse_counts}));
  chain.push_back(std::make_unique<plugins::Errors>(consolidation));
  chain.push_back(std::make_unique<plugins::Kubernetes>(resolver, holder));
  QueryService service({{zones[0], &chain, &entrance}, {zones[1], &chain, &reverse_entrance}}, &refused);

  const std::vector<std::vector<uint8_t>> packets = Packets(query);
  if (packets.empty()) {
    fmt::print(stderr, "no such query: {}; expected pod, service, miss, ptr or srv\n", query);
    return EXIT_FAILURE;
  }
  std::vector<uint8_t> buffer(dns::kDefaultUdpLimit);
  const base::IpAddress client = *base::ParseIpAddress("10.0.0.9");
  std::vector<net::Request> requests;
  for (const std::vector<uint8_t>& packet : packets) {
    requests.push_back({.message = packet, .client = client, .client_port = 40000});
  }
  for (int64_t done = 0; done < count; ++done) {
    const auto i = static_cast<size_t>(done % kBatch);
    if (i == 0) service.LookAhead(requests);
    size_t size = 0;
    service.Handle(requests[i], absl::MakeSpan(buffer), size);
    if (!IsRight(query, absl::MakeConstSpan(buffer).first(size))) {
      fmt::print(stderr, "{}: a wrong reply of {} octets to query {}\n", query, size, done);
      return EXIT_FAILURE;
    }
    if (i == kBatch - 1) service.OnBatchSent();
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace podnamed::service

int main(int argc, char** argv) {
  int64_t count = 0;
  if (argc != 3 || !absl::SimpleAtoi(argv[2], &count) || count < 0) {
    fmt::print(stderr, "usage: bench_query_instructions pod|service|miss|ptr|srv COUNT\n");
    return EXIT_FAILURE;
  }
  return podnamed::service::Run(argv[1], count);
}
