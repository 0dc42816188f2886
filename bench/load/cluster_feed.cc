// bench_cluster_feed: serves the generated cluster (bench/load/cluster.h) as a feed, by the controller's own log and
// server, until SIGTERM or SIGINT. It listens once the cluster is complete: who can dial it gets all of it.
#include <iostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "bench/load/cluster.h"
#include "bench/load/cluster_options.h"
#include "boost/program_options/options_description.hpp"
#include "boost/program_options/value_semantic.hpp"
#include "controller/feed/feed_log.h"
#include "controller/feed/feed_server.h"
#include "controller/feed/feed_service.h"
#include "proto/podnamed/feed/v1/feed.pb.h"
#include "server/base/flags.h"
#include "server/base/signals.h"
#include "server/base/status.h"

namespace podnamed::bench {
namespace {

namespace v1 = feed::v1;

std::string Octets(const base::Ipv4Address& address) { return {address.begin(), address.end()}; }

void SetPort(const NamedPort& from, v1::Port& to) {
  to.set_name(std::string(from.name));
  to.set_protocol(v1::TCP);
  to.set_number(from.number);
}

// Makes all records of the cluster, with the fields that a Kubernetes source fills.
class Records {
 public:
  explicit Records(const Cluster& cluster) : cluster_(cluster), size_(cluster.size()) {}

  std::vector<v1::Record> Make() && {
    for (uint32_t ns = 0; ns < size_.namespaces; ++ns) {
      v1::Namespace& record = *Add().mutable_namespace_();
      record.set_name(cluster_.Namespace(ns));
      record.set_uid(NextUid());
      for (uint32_t i = 0; i < size_.cluster_ip_services; ++i) AddClusterIpService(ns, i);
      for (uint32_t set = 0; set < size_.stateful_sets; ++set) AddStatefulSet(ns, set);
    }
    return std::move(records_);
  }

 private:
  v1::Record& Add() { return records_.emplace_back(); }

  // Of the form of Kubernetes' own.
  std::string NextUid() { return absl::StrFormat("5b1d0c1e-0000-4000-8000-%012x", ++uids_); }

  v1::Service& AddService(uint32_t ns, const std::string& name, v1::Service::Kind kind) {
    v1::Service& service = *Add().mutable_service();
    service.set_namespace_(cluster_.Namespace(ns));
    service.set_name(name);
    service.set_uid(NextUid());
    service.set_kind(kind);
    return service;
  }

  void AddClusterIpService(uint32_t ns, uint32_t index) {
    v1::Service& service = AddService(ns, cluster_.ClusterIpService(index), v1::Service::CLUSTER_IP);
    service.add_addresses(Octets(cluster_.ClusterIp(ns, index)));
    for (const NamedPort& port : kClusterIpPorts) SetPort(port, *service.add_ports());
  }

  // A StatefulSet's pods, the Service that governs them, and the small Service that selects the first of them.
  void AddStatefulSet(uint32_t ns, uint32_t set) {
    const bool has_small = set < size_.small_services;
    SetPort(kPodPort, *AddService(ns, cluster_.StatefulSet(set), v1::Service::HEADLESS).add_ports());
    if (has_small) SetPort(kPodPort, *AddService(ns, cluster_.SmallService(set), v1::Service::HEADLESS).add_ports());
    for (uint32_t ordinal = 0; ordinal < size_.replicas; ++ordinal) {
      const std::string uid = NextUid();
      AddIdentity(ns, set, ordinal, uid, cluster_.StatefulSet(set)).set_hostname(cluster_.Pod(set, ordinal));
      if (has_small && ordinal < size_.small_replicas) AddIdentity(ns, set, ordinal, uid, cluster_.SmallService(set));
    }
  }

  v1::PodIdentity& AddIdentity(uint32_t ns, uint32_t set, uint32_t ordinal, const std::string& uid,
                               const std::string& service) {
    v1::PodIdentity& identity = *Add().mutable_pod_identity();
    identity.set_namespace_(cluster_.Namespace(ns));
    identity.set_service(service);
    identity.set_name(cluster_.Pod(set, ordinal));
    identity.set_is_pod(true);
    identity.set_uid(uid);
    identity.add_addresses(Octets(cluster_.PodAddress(ns, set, ordinal)));
    SetPort(kPodPort, *identity.add_ports());
    identity.set_ready(true);
    identity.set_serving(true);
    identity.set_node(absl::StrCat("node-", (set * size_.replicas + ordinal) % kNodes));
    identity.set_zone(absl::StrCat("zone-", ordinal % kZones));
    identity.set_ordinal(ordinal);
    return identity;
  }

  static constexpr uint32_t kNodes = 1000;
  static constexpr uint32_t kZones = 3;

  const Cluster& cluster_;
  const ClusterSize& size_;
  std::vector<v1::Record> records_;
  uint64_t uids_ = 0;
};

absl::Status Serve(const Cluster& cluster, const std::string& address) {
  controller::FeedLog log(controller::RandomEpoch());
  log.Replace(Records(cluster).Make(), absl::Now());
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
