#include "bench/load/cluster_records.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace podnamed::bench {
namespace {

namespace v1 = feed::v1;

constexpr uint32_t kNodes = 1000;
constexpr uint32_t kZones = 3;

std::string Octets(const base::Ipv4Address& address) { return {address.begin(), address.end()}; }

void SetPort(const NamedPort& from, v1::Port& to) {
  to.set_name(std::string(from.name));
  to.set_protocol(v1::TCP);
  to.set_number(from.number);
}

v1::Record PodRecord(const Cluster& cluster, const PodPlace& place, const std::string& service, const std::string& uid,
                     const base::Ipv4Address& address) {
  v1::Record record;
  v1::PodIdentity& identity = *record.mutable_pod_identity();
  identity.set_namespace_(cluster.Namespace(place.ns));
  identity.set_service(service);
  identity.set_name(cluster.Pod(place.set, place.ordinal));
  identity.set_is_pod(true);
  identity.set_uid(uid);
  identity.add_addresses(Octets(address));
  SetPort(kPodPort, *identity.add_ports());
  identity.set_ready(true);
  identity.set_serving(true);
  identity.set_node(absl::StrCat("node-", (place.set * cluster.size().replicas + place.ordinal) % kNodes));
  identity.set_zone(absl::StrCat("zone-", place.ordinal % kZones));
  identity.set_ordinal(place.ordinal);
  return record;
}

class Records {
 public:
  explicit Records(const Cluster& cluster) : cluster_(cluster), size_(cluster.size()) {}

  std::vector<v1::Record> Make() && {
    for (uint32_t ns = 0; ns < size_.namespaces; ++ns) {
      v1::Namespace& record = *records_.emplace_back().mutable_namespace_();
      record.set_name(cluster_.Namespace(ns));
      record.set_uid(NextUid());
      for (uint32_t i = 0; i < size_.cluster_ip_services; ++i) AddClusterIpService(ns, i);
      for (uint32_t set = 0; set < size_.stateful_sets; ++set) AddStatefulSet(ns, set);
    }
    return std::move(records_);
  }

 private:
  std::string NextUid() { return UidOf(++uids_); }

  v1::Service& AddService(uint32_t ns, const std::string& name, v1::Service::Kind kind) {
    v1::Service& service = *records_.emplace_back().mutable_service();
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
    SetPort(kPodPort, *AddService(ns, cluster_.StatefulSet(set), v1::Service::HEADLESS).add_ports());
    if (set < size_.small_services) {
      SetPort(kPodPort, *AddService(ns, cluster_.SmallService(set), v1::Service::HEADLESS).add_ports());
    }
    for (uint32_t ordinal = 0; ordinal < size_.replicas; ++ordinal) {
      for (v1::Record& record :
           PodRecords(cluster_, {ns, set, ordinal}, NextUid(), cluster_.PodAddress(ns, set, ordinal))) {
        records_.push_back(std::move(record));
      }
    }
  }

  const Cluster& cluster_;
  const ClusterSize& size_;
  std::vector<v1::Record> records_;
  uint64_t uids_ = 0;
};

}  // namespace

std::vector<v1::Record> ClusterRecords(const Cluster& cluster) { return Records(cluster).Make(); }

std::vector<v1::Record> PodRecords(const Cluster& cluster, const PodPlace& place, const std::string& uid,
                                   const base::Ipv4Address& address) {
  const ClusterSize& size = cluster.size();
  std::vector<v1::Record> records;
  records.push_back(PodRecord(cluster, place, cluster.StatefulSet(place.set), uid, address));
  records.back().mutable_pod_identity()->set_hostname(cluster.Pod(place.set, place.ordinal));
  if (place.set < size.small_services && place.ordinal < size.small_replicas) {
    records.push_back(PodRecord(cluster, place, cluster.SmallService(place.set), uid, address));
  }
  return records;
}

std::string UidOf(uint64_t number) { return absl::StrFormat("5b1d0c1e-0000-4000-8000-%012x", number); }

}  // namespace podnamed::bench
