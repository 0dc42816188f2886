// bench_generator: asks one server the queries of a file for a bounded time, checks every reply against what the file
// expects, and prints one line of JSON: counts, queries answered per second and, at a fixed rate, latencies.
// Exits with 1 and one sentence when it cannot run; wrong and missing replies are results, not errors.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <string>

#include "absl/strings/str_format.h"
#include "bench/load/load.h"
#include "bench/load/queries.h"
#include "boost/json.hpp"
#include "boost/json/src.hpp"
#include "boost/program_options/options_description.hpp"
#include "boost/program_options/value_semantic.hpp"
#include "server/base/flags.h"
#include "server/base/status.h"

namespace podnamed::bench {
namespace {

struct Options {
  std::string queries;
  bool edns = false;
  bool tcp = false;
  LoadOptions load;
};

absl::Status Validate(const Options& options) {
  const LoadOptions& load = options.load;
  if (load.sockets == 0 || load.in_flight < load.sockets || load.in_flight / load.sockets > Conversation::kMaxWindow) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--in-flight must be 1 to %d for each socket", Conversation::kMaxWindow));
  }
  if (load.time <= std::chrono::nanoseconds(0) || load.timeout <= std::chrono::nanoseconds(0) || load.rate < 0) {
    return absl::InvalidArgumentError("--seconds and --timeout must be positive, and --rate not negative");
  }
  if (options.tcp && (load.rate > 0 || load.echo)) {
    return absl::InvalidArgumentError("--rate and --echo are for UDP");
  }
  return absl::OkStatus();
}

// Microseconds at the quantile `q`. Reorders `samples`. REQUIRES: samples is not empty.
double Quantile(std::vector<uint32_t>& samples, double q) {
  const auto rank = static_cast<ptrdiff_t>(q * static_cast<double>(samples.size() - 1));
  std::nth_element(samples.begin(), samples.begin() + rank, samples.end());
  return samples[static_cast<size_t>(rank)] / 1e3;
}

boost::json::object ToJson(Tally& tally) {
  boost::json::object json{
      {"sent", tally.sent},
      {"answered", tally.right + tally.wrong},
      {"wrong", tally.wrong},
      {"timeouts", tally.timeouts},
      {"unexpected", tally.unexpected},
      {"truncated", tally.truncated},
      {"seconds", tally.time.count()},
      {"qps", static_cast<double>(tally.right + tally.wrong) / tally.time.count()},
  };
  if (tally.wrong > 0) json["first_wrong"] = tally.first_wrong;
  if (!tally.latencies_ns.empty()) {
    json["latency_us"] = {{"p50", Quantile(tally.latencies_ns, 0.5)},
                          {"p99", Quantile(tally.latencies_ns, 0.99)},
                          {"p99.9", Quantile(tally.latencies_ns, 0.999)},
                          {"max", Quantile(tally.latencies_ns, 1)}};
  }
  return json;
}

absl::StatusOr<Tally> Load(const Options& options) {
  RETURN_IF_ERROR(Validate(options));
  std::ifstream file(options.queries);
  if (!file) return absl::NotFoundError(absl::StrFormat("cannot read %s", options.queries));
  ASSIGN_OR_RETURN(const QueryList queries,
                   QueryList::Read(file, options.queries, {.edns = options.edns, .tcp = options.tcp}));
  return options.tcp ? LoadTcp(queries, options.load) : LoadUdp(queries, options.load);
}

absl::Status Run(int argc, char** argv) {
  namespace po = boost::program_options;
  Options options;
  double seconds = 0;
  double timeout = 0;
  po::options_description description("bench_generator");
  auto add = description.add_options();
  add("queries", po::value(&options.queries)->required(), "file of queries and what they expect");
  add("server", po::value(&options.load.server)->default_value("127.0.0.1"), "IPv4 address");
  add("port", po::value(&options.load.port)->required(), "port");
  add("seconds", po::value(&seconds)->default_value(2), "how long to send");
  add("timeout", po::value(&timeout)->default_value(1), "seconds after which a query counts as lost");
  add("sockets", po::value(&options.load.sockets)->default_value(8), "UDP sockets or TCP connections");
  add("in-flight", po::value(&options.load.in_flight)->default_value(128), "most queries under way, over all sockets");
  add("rate", po::value(&options.load.rate)->default_value(0),
      "queries per second on schedule; 0: as fast as answered");
  add("tcp", po::bool_switch(&options.tcp), "over persistent TCP connections, pipelined");
  add("edns", po::bool_switch(&options.edns), "with EDNS and a payload size of 1232");
  add("echo", po::bool_switch(&options.load.echo), "the server only echoes: count any reply");
  RETURN_IF_ERROR(base::ParseFlags(argc, argv, description).status());
  options.load.time = std::chrono::nanoseconds(static_cast<int64_t>(seconds * 1e9));
  options.load.timeout = std::chrono::nanoseconds(static_cast<int64_t>(timeout * 1e9));

  ASSIGN_OR_RETURN(Tally tally, Load(options));
  std::cout << ToJson(tally) << "\n";
  return absl::OkStatus();
}

}  // namespace
}  // namespace podnamed::bench

int main(int argc, char** argv) {
  const absl::Status status = podnamed::bench::Run(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "bench_generator: " << status.message() << "\n";
  return 1;
}
