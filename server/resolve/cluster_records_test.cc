#include "server/resolve/cluster_records.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/dns/query.h"
#include "server/dns/response.h"
#include "server/state/snapshot_builder.h"
#include "server/testing/dns_message.h"
#include "server/testing/entities.h"

namespace podnamed::resolve {
namespace {

using state::Protocol;

// All records, one a line.
std::string AllRecords(const Resolver& resolver, const state::Snapshot& snapshot) {
  ClusterRecords records(resolver, resolver.forward_zones().front(), snapshot);
  const std::vector<uint8_t> packet = testing::MakeQuery("cluster.local.", dns::RecordType::kAxfr);
  dns::Query query;
  dns::ParseQuery(packet, query);
  Answer answer;
  std::string lines;
  dns::ResponseEncoder encoder;
  while (records.Next(answer)) {
    std::vector<uint8_t> buffer(dns::kMaxMessageLength);
    buffer.resize(encoder.Encode(query, {.answer = answer.answer}, buffer.size(), absl::MakeSpan(buffer)));
    const testing::Message message = testing::ParseMessage(buffer).value();
    for (const std::string& record : message.answer) absl::StrAppend(&lines, record, "\n");
  }
  return lines;
}

TEST(ClusterRecords, AreAllThatTheZoneAnswers) {
  state::Service docs = testing::Headless("docs");
  docs.kind = state::ServiceKind::kExternalName;
  docs.external_name = std::string(dns::Name::FromText("api.default.svc.cluster.local.")->wire());
  state::PodIdentity bare = testing::Pod("nginx", "bare", {"10.0.0.9"}, {{"http", Protocol::kTcp, 8080}});
  bare.hostname.clear();
  state::SnapshotBuilder builder;
  builder.Add({state::Namespace{"default", 0}, docs,
               testing::ClusterIp("api", {"10.96.0.7", "fd00:96::7"}, {{"https", Protocol::kTcp, 443}}),
               testing::Headless("nginx"), bare,
               testing::Pod("nginx", "web-0", {"10.0.0.10"}, {{"http", Protocol::kTcp, 8080}}),
               testing::NotReady(testing::Pod("nginx", "web-1", {"10.0.0.11"})),
               testing::InNamespace("hidden", testing::ClusterIp("lost", {"10.96.0.9"}))});
  const auto snapshot = builder.Build({}, absl::FromUnixSeconds(7));
  const Resolver resolver(
      {.zones = {dns::Name::FromText("cluster.local.").value()}, .server_ipv4 = {{10, 96, 0, 10}}, .server_ipv6 = {}});
  std::string text = AllRecords(resolver, *snapshot);
  // A service's addresses come in any order.
  const std::string other =
      "nginx.default.svc.cluster.local. 5 IN A 10.0.0.10\nnginx.default.svc.cluster.local. 5 IN A 10.0.0.9\n";
  const std::string one =
      "nginx.default.svc.cluster.local. 5 IN A 10.0.0.9\nnginx.default.svc.cluster.local. 5 IN A 10.0.0.10\n";
  if (const size_t at = text.find(other); at != std::string::npos) text.replace(at, other.size(), one);
  EXPECT_EQ(
      text,
      "cluster.local. 5 IN NS ns.dns.cluster.local.\n"
      "ns.dns.cluster.local. 5 IN A 10.96.0.10\n"
      "api.default.svc.cluster.local. 5 IN A 10.96.0.7\n"
      "api.default.svc.cluster.local. 5 IN AAAA fd00:96::7\n"
      "api.default.svc.cluster.local. 5 IN SRV 0 50 443 api.default.svc.cluster.local.\n"
      "_https._tcp.api.default.svc.cluster.local. 5 IN SRV 0 50 443 api.default.svc.cluster.local.\n"
      "docs.default.svc.cluster.local. 5 IN CNAME api.default.svc.cluster.local.\n" +
          one +
          "nginx.default.svc.cluster.local. 5 IN SRV 0 50 8080 10-0-0-9.nginx.default.svc.cluster.local.\n"
          "nginx.default.svc.cluster.local. 5 IN SRV 0 50 8080 web-0.nginx.default.svc.cluster.local.\n"
          "_http._tcp.nginx.default.svc.cluster.local. 5 IN SRV 0 50 8080 "
          "10-0-0-9.nginx.default.svc.cluster.local.\n"
          "_http._tcp.nginx.default.svc.cluster.local. 5 IN SRV 0 50 8080 web-0.nginx.default.svc.cluster.local.\n"
          "10-0-0-9.nginx.default.svc.cluster.local. 5 IN A 10.0.0.9\n"
          "web-0.nginx.default.svc.cluster.local. 5 IN A 10.0.0.10\n");
}

TEST(ClusterRecords, AreWhatIsReachedFromOutside) {
  const std::vector<state::Port> http = {{"http", Protocol::kTcp, 80}};
  state::Service api = testing::ClusterIp("api", {"10.96.0.7"}, http);
  api.external_addresses = testing::Addresses({"192.0.2.7", "2001:db8::7"});
  state::Service shop = testing::ClusterIp("shop", {"10.96.0.8"}, http);
  shop.external_hostnames = {std::string(dns::Name::FromText("lb.example.")->wire())};
  state::SnapshotBuilder builder;
  builder.Add({state::Namespace{"default", 0}, api, shop, testing::ClusterIp("own", {"10.96.0.9"}, http),
               testing::Pod("own", "own-0", {"10.0.0.9"}), testing::Headless("nginx"),
               testing::Pod("nginx", "web-0", {"10.0.0.10"}, http)});
  const auto snapshot = builder.Build({}, absl::FromUnixSeconds(7));
  ResolverOptions options{.zones = {dns::Name::FromText("example.org.").value()},
                          .external = ExternalNames{},
                          .server_ipv4 = {{192, 0, 2, 1}},
                          .server_ipv6 = {}};
  const std::string reached =
      "example.org. 5 IN NS ns1.dns.example.org.\n"
      "ns1.dns.example.org. 5 IN A 192.0.2.1\n"
      "api.default.example.org. 5 IN A 192.0.2.7\n"
      "api.default.example.org. 5 IN AAAA 2001:db8::7\n"
      "api.default.example.org. 5 IN SRV 0 50 80 api.default.example.org.\n"
      "_http._tcp.api.default.example.org. 5 IN SRV 0 50 80 api.default.example.org.\n";
  const std::string shops =
      "shop.default.example.org. 5 IN CNAME lb.example.\n"
      "_http._tcp.shop.default.example.org. 5 IN SRV 0 100 80 lb.example.\n";
  EXPECT_EQ(AllRecords(Resolver(options), *snapshot), reached + shops);
  options.external->headless = true;
  EXPECT_EQ(AllRecords(Resolver(options), *snapshot),
            reached +
                "nginx.default.example.org. 5 IN A 10.0.0.10\n"
                "nginx.default.example.org. 5 IN SRV 0 100 80 web-0.nginx.default.example.org.\n"
                "_http._tcp.nginx.default.example.org. 5 IN SRV 0 100 80 web-0.nginx.default.example.org.\n"
                "web-0.nginx.default.example.org. 5 IN A 10.0.0.10\n"
                "own-0.own.default.example.org. 5 IN A 10.0.0.9\n" +
                shops);
}

}  // namespace
}  // namespace podnamed::resolve
