// bench_cluster_files: writes what a measurement needs of the generated cluster (bench/load/cluster.h) into a
// directory: the zone files cluster.local.zone and in-addr.arpa.zone for servers that answer from zones, with the
// records and TTLs that podnamed answers, and one query file per mix. Always the same octets for the same size.
//
// A line of a query file is `NAME TYPE RCODE ANSWERS OCTETS`: the question and what its right reply is: so many records
// in the answer section, and so many octets up to that section's end (owners compressed, names in rdata not), from
// which a reader knows whether it must come truncated. dnsperf reads the first two words and passes over the others.
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bench/load/cluster.h"
#include "bench/load/cluster_options.h"
#include "boost/program_options/options_description.hpp"
#include "boost/program_options/value_semantic.hpp"
#include "server/base/flags.h"
#include "server/base/status.h"

namespace podnamed::bench {
namespace {

// What CoreDNS answers by default: `ttl 5`, which is the SOA's minimum as well.
constexpr absl::string_view kApex =
    "$TTL 5\n"
    "@ SOA ns.dns.cluster.local. hostmaster.cluster.local. 1 7200 1800 86400 5\n"
    "@ NS ns.dns.cluster.local.\n";

// One text file; the first error is kept until Close().
class TextFile {
 public:
  explicit TextFile(std::string path) : path_(std::move(path)), file_(std::fopen(path_.c_str(), "w")) {}

  template <typename... Parts>
  void Line(const Parts&... parts) {
    buffer_.clear();
    absl::StrAppend(&buffer_, parts..., "\n");
    if (file_ != nullptr) std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get());
  }

  absl::Status Close() {
    const bool written = file_ != nullptr && std::ferror(file_.get()) == 0 && std::fclose(file_.release()) == 0;
    return written ? absl::OkStatus() : absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path_));
  }

 private:
  struct Closer {
    void operator()(FILE* file) const { std::fclose(file); }
  };
  std::string path_;
  std::unique_ptr<FILE, Closer> file_;
  std::string buffer_;
};

// floor(100 / n), at least 1: the weight that the Kubernetes DNS servers give each of n targets.
uint32_t SrvWeight(uint32_t targets) { return targets > 100 ? 1 : 100 / targets; }

void WriteForwardZone(const Cluster& cluster, TextFile& zone) {
  const ClusterSize& size = cluster.size();
  zone.Line("$ORIGIN ", kZone, ".\n", kApex, "ns.dns A 127.0.0.1");
  for (uint32_t ns = 0; ns < size.namespaces; ++ns) {
    zone.Line("$ORIGIN ", cluster.Namespace(ns), ".svc.", kZone, ".");
    for (uint32_t i = 0; i < size.cluster_ip_services; ++i) {
      const std::string service = cluster.ClusterIpService(i);
      zone.Line(service, " A ", Dotted(cluster.ClusterIp(ns, i)));
      for (const NamedPort& port : kClusterIpPorts) {
        zone.Line("_", port.name, "._tcp.", service, " SRV 0 100 ", port.number, " ", service);
      }
    }
    for (uint32_t set = 0; set < size.stateful_sets; ++set) {
      const std::string service = cluster.StatefulSet(set);
      const std::string srv = absl::StrCat("_", kPodPort.name, "._tcp.", service, " SRV 0 ", SrvWeight(size.replicas),
                                           " ", kPodPort.number, " ");
      for (uint32_t i = 0; i < size.replicas; ++i) {
        const std::string address = Dotted(cluster.PodAddress(ns, set, i));
        const std::string host = absl::StrCat(cluster.Pod(set, i), ".", service);
        zone.Line(service, " A ", address);
        zone.Line(host, " A ", address);
        zone.Line(srv, host);
      }
    }
    for (uint32_t set = 0; set < size.small_services; ++set) {
      const std::string service = cluster.SmallService(set);
      const std::string srv = absl::StrCat("_", kPodPort.name, "._tcp.", service, " SRV 0 ",
                                           SrvWeight(size.small_replicas), " ", kPodPort.number, " ");
      for (uint32_t i = 0; i < size.small_replicas; ++i) {
        const base::Ipv4Address address = cluster.PodAddress(ns, set, i);
        const std::string host = absl::StrCat(Dashed(address), ".", service);
        zone.Line(service, " A ", Dotted(address));
        zone.Line(host, " A ", Dotted(address));
        zone.Line(srv, host);
      }
    }
  }
  // The last line: unbound takes a record's own TTL for that of those that follow.
  zone.Line("$ORIGIN ", kZone, ".\ndns-version 28800 TXT \"1.1.0\"");
}

void WriteReverseZone(const Cluster& cluster, TextFile& zone) {
  const ClusterSize& size = cluster.size();
  zone.Line("$ORIGIN ", kReverseZone, ".\n", kApex);
  for (uint32_t ns = 0; ns < size.namespaces; ++ns) {
    const std::string suffix = absl::StrCat(".", cluster.Namespace(ns), ".svc.", kZone, ".");
    for (uint32_t i = 0; i < size.cluster_ip_services; ++i) {
      zone.Line(ReverseName(cluster.ClusterIp(ns, i)), ". PTR ", cluster.ClusterIpService(i), suffix);
    }
    for (uint32_t set = 0; set < size.stateful_sets; ++set) {
      for (uint32_t i = 0; i < size.replicas; ++i) {
        const base::Ipv4Address address = cluster.PodAddress(ns, set, i);
        const std::string owner = ReverseName(address);
        zone.Line(owner, ". PTR ", cluster.Pod(set, i), ".", cluster.StatefulSet(set), suffix);
        if (set < size.small_services && i < size.small_replicas) {
          zone.Line(owner, ". PTR ", Dashed(address), ".", cluster.SmallService(set), suffix);
        }
      }
    }
  }
}

// ---- query files

// A question and its right reply, as a line of a query file.
struct Expected {
  std::string name;  // without the last dot
  absl::string_view type;
  absl::string_view rcode = "NOERROR";
  uint32_t answers = 0;
  uint32_t rdata_octets = 0;  // of all answers
};

// A name on the wire has one octet more than its text with the last dot: that of its first label's length.
uint32_t WireLength(absl::string_view name) { return static_cast<uint32_t>(name.size()) + 2; }

void WriteQuery(const Expected& expected, TextFile& queries) {
  constexpr uint32_t kHeader = 12;
  constexpr uint32_t kQuestionFixed = 4;  // type and class
  constexpr uint32_t kRecordFixed = 12;   // owner as a pointer, type, class, TTL, length of rdata
  const uint32_t octets =
      kHeader + WireLength(expected.name) + kQuestionFixed + expected.answers * kRecordFixed + expected.rdata_octets;
  queries.Line(expected.name, ". ", expected.type, " ", expected.rcode, " ", expected.answers, " ", octets);
}

// Draws questions of one kind each, from a generator of its own with a fixed seed.
class Questions {
 public:
  explicit Questions(const Cluster& cluster) : cluster_(cluster), size_(cluster.size()) {}

  uint32_t Draw(uint32_t below) { return static_cast<uint32_t>(random_() % below); }

  Expected PodA() { return {PodName(), "A", "NOERROR", 1, 4}; }
  Expected PodAaaa() { return {PodName(), "AAAA"}; }
  Expected ClusterIpA() { return {ClusterIpName(), "A", "NOERROR", 1, 4}; }

  Expected WideServiceA() {
    return {Below(cluster_.StatefulSet(Draw(size_.stateful_sets))), "A", "NOERROR", size_.replicas, 4 * size_.replicas};
  }

  Expected SmallServiceA() {
    return {Below(cluster_.SmallService(Draw(size_.small_services))), "A", "NOERROR", size_.small_replicas,
            4 * size_.small_replicas};
  }

  Expected ClusterIpSrv() {
    const std::string service = ClusterIpName();
    const NamedPort& port = kClusterIpPorts[Draw(std::size(kClusterIpPorts))];
    return {absl::StrCat("_", port.name, "._tcp.", service), "SRV", "NOERROR", 1, 6 + WireLength(service)};
  }

  Expected SmallServiceSrv() {
    const uint32_t ns = Draw(size_.namespaces);
    const uint32_t set = Draw(size_.small_services);
    const std::string service = absl::StrCat(cluster_.SmallService(set), ".", cluster_.Namespace(ns), ".svc.", kZone);
    uint32_t rdata = 0;
    for (uint32_t i = 0; i < size_.small_replicas; ++i) {
      rdata += 6 + WireLength(absl::StrCat(Dashed(cluster_.PodAddress(ns, set, i)), ".", service));
    }
    return {absl::StrCat("_", kPodPort.name, "._tcp.", service), "SRV", "NOERROR", size_.small_replicas, rdata};
  }

  // What a pod's resolver sends first for a name that it takes for a relative one: the name below a search domain.
  Expected SearchPathMiss() {
    const std::string name = Draw(2) == 0 ? PodName() : ClusterIpName();
    switch (Draw(3)) {
      case 0:
        return {absl::StrCat(name, ".", cluster_.Namespace(Draw(size_.namespaces)), ".svc.", kZone), "A", "NXDOMAIN"};
      case 1:
        return {absl::StrCat(name, ".svc.", kZone), "A", "NXDOMAIN"};
      default:
        return {absl::StrCat(name, ".", kZone), "A", "NXDOMAIN"};
    }
  }

  Expected PodPtr() {
    const uint32_t ns = Draw(size_.namespaces);
    const uint32_t set = Draw(size_.stateful_sets);
    const uint32_t ordinal = Draw(size_.replicas);
    const base::Ipv4Address address = cluster_.PodAddress(ns, set, ordinal);
    const std::string suffix = absl::StrCat(".", cluster_.Namespace(ns), ".svc.", kZone);
    Expected expected{ReverseName(address), "PTR", "NOERROR", 1};
    expected.rdata_octets =
        WireLength(absl::StrCat(cluster_.Pod(set, ordinal), ".", cluster_.StatefulSet(set), suffix));
    if (set < size_.small_services && ordinal < size_.small_replicas) {
      ++expected.answers;
      expected.rdata_octets += WireLength(absl::StrCat(Dashed(address), ".", cluster_.SmallService(set), suffix));
    }
    return expected;
  }

  // 40 % pods' A, 20 % their AAAA, 15 % A of cluster IPs, 5 % A of headless Services, 5 % SRV, 15 % search-path misses.
  Expected Mixed() {
    const uint32_t percent = Draw(100);
    if (percent < 40) return PodA();
    if (percent < 60) return PodAaaa();
    if (percent < 75) return ClusterIpA();
    if (percent < 80) return Draw(20) == 0 ? WideServiceA() : SmallServiceA();
    if (percent < 85) return Draw(2) == 0 ? ClusterIpSrv() : SmallServiceSrv();
    return SearchPathMiss();
  }

 private:
  std::string Below(absl::string_view service) {
    return absl::StrCat(service, ".", cluster_.Namespace(Draw(size_.namespaces)), ".svc.", kZone);
  }
  std::string ClusterIpName() { return Below(cluster_.ClusterIpService(Draw(size_.cluster_ip_services))); }
  std::string PodName() {
    const uint32_t set = Draw(size_.stateful_sets);
    return Below(absl::StrCat(cluster_.Pod(set, Draw(size_.replicas)), ".", cluster_.StatefulSet(set)));
  }

  const Cluster& cluster_;
  const ClusterSize& size_;
  std::mt19937_64 random_{20260101};
};

absl::Status WriteQueries(const std::string& path, uint32_t count, absl::FunctionRef<Expected()> draw) {
  TextFile queries(path);
  for (uint32_t i = 0; i < count; ++i) WriteQuery(draw(), queries);
  return queries.Close();
}

absl::Status WriteAll(const Cluster& cluster, const std::string& directory, uint32_t query_count) {
  TextFile forward(absl::StrCat(directory, "/", kZone, ".zone"));
  WriteForwardZone(cluster, forward);
  absl::Status status = forward.Close();

  TextFile reverse(absl::StrCat(directory, "/", kReverseZone, ".zone"));
  WriteReverseZone(cluster, reverse);
  status.Update(reverse.Close());

  Questions questions(cluster);
  const auto write = [&](absl::string_view name, absl::FunctionRef<Expected()> draw) {
    status.Update(WriteQueries(absl::StrCat(directory, "/", name, ".queries"), query_count, draw));
  };
  write("q1", [&] { return questions.PodA(); });
  write("q2", [&] { return questions.Mixed(); });
  write("miss", [&] { return questions.SearchPathMiss(); });
  write("ptr", [&] { return questions.PodPtr(); });
  write("srv", [&] { return questions.Draw(2) == 0 ? questions.ClusterIpSrv() : questions.SmallServiceSrv(); });
  return status;
}

absl::Status Run(int argc, char** argv) {
  namespace po = boost::program_options;
  ClusterSize size;
  std::string directory;
  uint32_t queries = 0;
  po::options_description options("bench_cluster_files");
  AddClusterOptions(size, options);
  options.add_options()("out", po::value(&directory)->required(), "directory that the files go to")(
      "queries", po::value(&queries)->default_value(200'000), "lines of each query file");
  RETURN_IF_ERROR(base::ParseFlags(argc, argv, options).status());
  RETURN_IF_ERROR(Check(size));
  return WriteAll(Cluster(size), directory, queries);
}

}  // namespace
}  // namespace podnamed::bench

int main(int argc, char** argv) {
  const absl::Status status = podnamed::bench::Run(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "bench_cluster_files: " << status.message() << "\n";
  return 1;
}
