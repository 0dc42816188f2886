// bench_cluster_feed: serves the generated cluster (bench/load/cluster.h) as a feed, by the controller's own log and
// server, until SIGTERM or SIGINT. It listens once the cluster is complete: who can dial it gets all of it.
#include <iostream>
#include <string>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "bench/load/cluster.h"
#include "bench/load/cluster_options.h"
#include "bench/load/cluster_records.h"
#include "boost/program_options/options_description.hpp"
#include "boost/program_options/value_semantic.hpp"
#include "controller/feed/feed_log.h"
#include "controller/feed/feed_server.h"
#include "controller/feed/feed_service.h"
#include "server/base/flags.h"
#include "server/base/signals.h"
#include "server/base/status.h"

namespace podnamed::bench {
namespace {

absl::Status Serve(const Cluster& cluster, const std::string& address) {
  controller::FeedLog log(controller::RandomEpoch());
  log.Replace(ClusterRecords(cluster), absl::Now());
  controller::FeedService service(log);
  ASSIGN_OR_RETURN(const auto server, controller::FeedServer::Start(service, {address}));
  base::WaitForStopSignal();
  return absl::OkStatus();
}

absl::Status Run(int argc, char** argv) {
  base::BlockStopSignals();
  namespace po = boost::program_options;
  ClusterSize size;
  std::string address;
  po::options_description options("bench_cluster_feed");
  AddClusterOptions(size, options);
  options.add_options()("listen", po::value(&address)->required(), "address of the feed: unix:PATH or HOST:PORT");
  RETURN_IF_ERROR(base::ParseFlags(argc, argv, options).status());
  RETURN_IF_ERROR(Check(size));
  return Serve(Cluster(size), address);
}

}  // namespace
}  // namespace podnamed::bench

int main(int argc, char** argv) {
  const absl::Status status = podnamed::bench::Run(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "bench_cluster_feed: " << status.message() << "\n";
  return 1;
}
