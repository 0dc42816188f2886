// What the octets cost: a query parsed, and the replies that a cluster's clients get most, encoded.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "server/dns/query.h"
#include "server/dns/response.h"
#include "server/testing/dns_message.h"

namespace podnamed::dns {
namespace {

using std::literals::operator""sv;

constexpr std::string_view kZone = "\7cluster\5local\0"sv;
constexpr std::string_view kService = "\5nginx\7default\3svc\7cluster\5local\0"sv;
constexpr std::string_view kPodWire = "\5web-0\5nginx\7default\3svc\7cluster\5local\0"sv;
constexpr std::string_view kPod = "web-0.nginx.default.svc.cluster.local";
constexpr base::Ipv4Address kAddress = {10, 0, 0, 1};

void ParseQueries(benchmark::State& state, const testing::QueryOptions& options) {
  const std::vector<uint8_t> packet = testing::MakeQuery(kPod, RecordType::kA, options);
  Query query;
  for (auto _ : state) {
    benchmark::DoNotOptimize(ParseQuery(packet, query));
    benchmark::ClobberMemory();
  }
}
BENCHMARK_CAPTURE(ParseQueries, Plain, {});
BENCHMARK_CAPTURE(ParseQueries, Edns, {.edns_size = 1232});

void EncodeReplies(benchmark::State& state, std::string_view name, RecordType type, const Response& response,
                   size_t limit) {
  const std::vector<uint8_t> packet = testing::MakeQuery(name, type);
  Query query;
  ParseQuery(packet, query);
  ResponseEncoder encoder;
  std::vector<uint8_t> buffer(limit);
  size_t size = 0;
  for (auto _ : state) {
    size = encoder.Encode(query, response, limit, absl::MakeSpan(buffer));
    benchmark::ClobberMemory();
  }
  state.counters["octets"] = static_cast<double>(size);
}

void EncodeAddress(benchmark::State& state) {
  const RecordSet answer[] = {{NamePieces(kPodWire), RecordType::kA, 5, absl::MakeConstSpan(&kAddress, 1)}};
  EncodeReplies(state, kPod, RecordType::kA, {.authoritative = true, .answer = answer}, kDefaultUdpLimit);
}
BENCHMARK(EncodeAddress);

void EncodeNxDomain(benchmark::State& state) {
  const RecordSet authority[] = {
      {NamePieces(kZone), RecordType::kSoa, 5,
       SoaData{NamePieces("\2ns\3dns", kZone), NamePieces("\12hostmaster", kZone), 1, 7200, 1800, 86400, 5}}};
  EncodeReplies(state, kPod, RecordType::kA, {.rcode = Rcode::kNxDomain, .authoritative = true, .authority = authority},
                kDefaultUdpLimit);
}
BENCHMARK(EncodeNxDomain);

void EncodePointer(benchmark::State& state) {
  const NamePieces target[] = {NamePieces("\5web-0", "\5nginx\7default\3svc", kZone)};
  const NamePieces owner("\0011\0010\0010\00210\7in-addr\4arpa\0"sv);
  const RecordSet answer[] = {{owner, RecordType::kPtr, 5, target}};
  EncodeReplies(state, "1.0.0.10.in-addr.arpa", RecordType::kPtr, {.authoritative = true, .answer = answer},
                kDefaultUdpLimit);
}
BENCHMARK(EncodePointer);

void EncodeServiceWithGlue(benchmark::State& state) {
  const NamePieces pods[] = {NamePieces("\5web-0", kService), NamePieces("\5web-1", kService),
                             NamePieces("\5web-2", kService)};
  std::vector<SrvData> srv;
  std::vector<RecordSet> additional;
  for (const NamePieces& pod : pods) {
    srv.push_back({0, 33, 80, pod});
    additional.push_back({pod, RecordType::kA, 5, absl::MakeConstSpan(&kAddress, 1)});
  }
  const RecordSet answer[] = {{NamePieces("\5_http\4_tcp", kService), RecordType::kSrv, 5, absl::MakeConstSpan(srv)}};
  EncodeReplies(state, "_http._tcp.nginx.default.svc.cluster.local", RecordType::kSrv,
                {.authoritative = true, .answer = answer, .additional = additional}, kDefaultUdpLimit);
}
BENCHMARK(EncodeServiceWithGlue);

// A headless service of 75 pods, as wide as the widest of docs/performance.md's cluster.
void EncodeWideService(benchmark::State& state) {
  const std::vector<base::Ipv4Address> addresses(75, kAddress);
  const RecordSet answer[] = {{NamePieces(kService), RecordType::kA, 5, absl::MakeConstSpan(addresses)}};
  EncodeReplies(state, "nginx.default.svc.cluster.local", RecordType::kA, {.authoritative = true, .answer = answer},
                kMaxMessageLength);
}
BENCHMARK(EncodeWideService);

}  // namespace
}  // namespace podnamed::dns
