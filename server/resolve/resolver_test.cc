#include "server/resolve/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/dns/query.h"
#include "server/dns/response.h"
#include "server/state/snapshot_builder.h"
#include "server/testing/dns_message.h"
#include "server/testing/entities.h"

namespace podnamed::resolve {
namespace {

using dns::RecordType;
using state::Op;
using state::Port;
using state::Protocol;
using testing::ClusterIp;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using testing::Headless;
using testing::InNamespace;
using ::testing::IsEmpty;
using testing::NotReady;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

dns::Name Zone(std::string_view text) { return dns::Name::FromText(text).value().Folded(); }

const std::vector<Port> kHttp = {{"http", Protocol::kTcp, 8080}};

class ResolverTest : public ::testing::Test {
 protected:
  ResolverTest() {
    state::Service external = Headless("docs");
    external.kind = state::ServiceKind::kExternalName;
    external.external_name = std::string(Zone("docs.example.com").wire());
    state::Service early = Headless("early");
    early.publish_not_ready = true;
    state::PodIdentity bare = testing::Pod("mixed", "pod-without-hostname", {"10.0.2.1", "fd00::2:1"}, kHttp);
    bare.hostname.clear();
    Load({state::Namespace{"default", 0}, state::Namespace{"empty", 0},
          // Two ready pods of three, one of them dual-stack.
          Headless("nginx"), testing::Pod("nginx", "web-0", {"10.0.0.10", "fd00::10"}, kHttp),
          testing::Pod("nginx", "web-1", {"10.0.0.11"}, kHttp),
          NotReady(testing::Pod("nginx", "web-2", {"10.0.0.12"}, kHttp)),
          ClusterIp("api", {"10.96.0.7", "fd00:96::7"}, {{"https", Protocol::kTcp, 443}, {"", Protocol::kUdp, 53}}),
          external, early, NotReady(testing::Pod("early", "boot-0", {"10.0.1.1"})), Headless("asleep"),
          NotReady(testing::Pod("asleep", "asleep-0", {"10.0.1.2"})), Headless("mixed"), bare,
          testing::Pod("mixed", "portless-0", {"10.0.2.2"}),
          // An identity whose service nobody has seen, and a service whose namespace nobody has.
          testing::Pod("orphan", "orphan-0", {"10.0.3.1"}), InNamespace("nowhere", Headless("lost")),
          InNamespace("nowhere", testing::Pod("lost", "lost-0", {"10.0.3.2"}))});
  }

  void Load(std::vector<Op> ops) {
    state::SnapshotBuilder builder;
    builder.Add(std::move(ops));
    snapshot_ = builder.Build({}, absl::FromUnixSeconds(1'700'000'000));
  }

  // The reply as a client would read it. Names without a final dot are completed with the cluster zone.
  testing::Message Ask(std::string_view name, RecordType type) {
    const std::string full = name.ends_with('.') ? std::string(name) : std::string(name) + ".svc.cluster.local.";
    const std::vector<uint8_t> packet = testing::MakeQuery(full, type);
    dns::Query query;
    EXPECT_EQ(dns::ParseQuery(packet, query), dns::ParseOutcome::kQuery);
    Answer answer;
    resolver_.Resolve(query.name, query.type, synced_ ? snapshot_.get() : nullptr, random_, answer);
    outcome_ = answer.outcome;
    std::vector<uint8_t> buffer(dns::kMaxMessageLength);
    const size_t size = encoder_.Encode(query,
                                        {.rcode = RcodeOf(answer.outcome),
                                         .authoritative = true,
                                         .answer = answer.answer,
                                         .authority = answer.authority,
                                         .additional = answer.additional},
                                        buffer.size(), absl::MakeSpan(buffer));
    return testing::ParseMessage(absl::MakeSpan(buffer).first(size)).value();
  }

  Outcome OutcomeOf(std::string_view name, RecordType type) {
    Ask(name, type);
    return outcome_;
  }

  std::unique_ptr<const state::Snapshot> snapshot_;
  bool synced_ = true;
  absl::BitGen random_;
  dns::ResponseEncoder encoder_;
  Outcome outcome_{};
  const Resolver resolver_{{.zones = {Zone("cluster.local"), Zone("in-addr.arpa"), Zone("ip6.arpa")},
                            .ttl = 30,
                            .server_ipv4 = {{10, 0, 0, 2}},
                            .server_ipv6 = {}}};
};

constexpr std::string_view kSoa =
    "cluster.local. 30 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 30";

// ---- headless services

TEST_F(ResolverTest, APodsNameIsItsAddress) {
  EXPECT_THAT(Ask("web-0.nginx.default", RecordType::kA).answer,
              ElementsAre("web-0.nginx.default.svc.cluster.local. 30 IN A 10.0.0.10"));
  EXPECT_THAT(Ask("web-0.nginx.default", RecordType::kAaaa).answer,
              ElementsAre("web-0.nginx.default.svc.cluster.local. 30 IN AAAA fd00::10"));
}

TEST_F(ResolverTest, TheClientsLettersComeBack) {
  EXPECT_THAT(Ask("wEb-0.NGINX.default.svc.CLUSTER.local.", RecordType::kA).answer,
              ElementsAre("wEb-0.NGINX.default.svc.CLUSTER.local. 30 IN A 10.0.0.10"));
}

TEST_F(ResolverTest, AHeadlessServiceListsEveryReadyPod) {
  EXPECT_THAT(Ask("nginx.default", RecordType::kA).answer,
              UnorderedElementsAre("nginx.default.svc.cluster.local. 30 IN A 10.0.0.10",
                                   "nginx.default.svc.cluster.local. 30 IN A 10.0.0.11"));
  EXPECT_THAT(Ask("nginx.default", RecordType::kAaaa).answer,
              ElementsAre("nginx.default.svc.cluster.local. 30 IN AAAA fd00::10"));
}

TEST_F(ResolverTest, APodThatIsNotReadyHasNoNameUnlessItsServicePublishesIt) {
  EXPECT_EQ(OutcomeOf("web-2.nginx.default", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("asleep.default", RecordType::kA), Outcome::kNxDomain) << "specification: no ready endpoints";
  EXPECT_THAT(Ask("boot-0.early.default", RecordType::kA).answer, SizeIs(1));
  EXPECT_THAT(Ask("early.default", RecordType::kA).answer, SizeIs(1));
}

TEST_F(ResolverTest, AnEndpointWithoutHostnameIsNamedByEachOfItsAddresses) {
  EXPECT_THAT(Ask("10-0-2-1.mixed.default", RecordType::kA).answer,
              ElementsAre("10-0-2-1.mixed.default.svc.cluster.local. 30 IN A 10.0.2.1"));
  EXPECT_EQ(OutcomeOf("10-0-2-1.mixed.default", RecordType::kAaaa), Outcome::kNoData);
  EXPECT_THAT(Ask("fd00--2-1.mixed.default", RecordType::kAaaa).answer, SizeIs(1));
  EXPECT_EQ(OutcomeOf("pod-without-hostname.mixed.default", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("10-0-0-10.nginx.default", RecordType::kA), Outcome::kNxDomain) << "it has a hostname";
  EXPECT_EQ(OutcomeOf("fd00-0-0-0-0-0-2-1.mixed.default", RecordType::kAaaa), Outcome::kNxDomain)
      << "one spelling only";
}

TEST_F(ResolverTest, TwoIdentitiesWithOneHostnameAnswerTogether) {
  state::PodIdentity newer = testing::Pod("nginx", "web-0-replacement", {"10.0.0.99", "10.0.0.10"}, kHttp);
  newer.hostname = "web-0";
  Load(
      {state::Namespace{"default", 0}, Headless("nginx"), testing::Pod("nginx", "web-0", {"10.0.0.10"}, kHttp), newer});
  EXPECT_THAT(Ask("web-0.nginx.default", RecordType::kA).answer, SizeIs(2)) << "each address once";
  EXPECT_THAT(Ask("_http._tcp.nginx.default", RecordType::kSrv).answer, SizeIs(1)) << "each (target, port) once";
  EXPECT_THAT(Ask("10.0.0.10.in-addr.arpa.", RecordType::kPtr).answer, SizeIs(1)) << "each endpoint name once";
}

TEST_F(ResolverTest, EveryOrderOfAServicesAddressesIsEquallyLikely) {
  std::vector<Op> ops = {state::Namespace{"default", 0}, Headless("nginx")};
  constexpr int kPods = 5;
  for (int i = 0; i < kPods; ++i)
    ops.push_back(testing::Pod("nginx", absl::StrCat("web-", i), {absl::StrCat("10.0.0.", i)}));
  Load(std::move(ops));
  constexpr int kRounds = 10'000;
  std::map<std::string, int> first;
  for (int i = 0; i < kRounds; ++i) ++first[Ask("nginx.default", RecordType::kA).answer.front()];
  ASSERT_EQ(first.size(), size_t{kPods});
  // Chi-squared with four degrees of freedom: above 33.4 once in a million runs.
  double chi_squared = 0;
  constexpr double kExpected = kRounds / double{kPods};
  for (const auto& [record, count] : first) chi_squared += (count - kExpected) * (count - kExpected) / kExpected;
  EXPECT_LT(chi_squared, 33.4);
}

// ---- other services

TEST_F(ResolverTest, AClusterIpServiceIsItsOwnAddresses) {
  EXPECT_THAT(Ask("api.default", RecordType::kA).answer,
              ElementsAre("api.default.svc.cluster.local. 30 IN A 10.96.0.7"));
  EXPECT_THAT(Ask("api.default", RecordType::kAaaa).answer,
              ElementsAre("api.default.svc.cluster.local. 30 IN AAAA fd00:96::7"));
}

TEST_F(ResolverTest, AnExternalNameIsACname) {
  const std::string cname = "docs.default.svc.cluster.local. 30 IN CNAME docs.example.com.";
  EXPECT_THAT(Ask("docs.default", RecordType::kA).answer, ElementsAre(cname));
  EXPECT_THAT(Ask("docs.default", RecordType::kAaaa).answer, ElementsAre(cname));
  EXPECT_THAT(Ask("docs.default", RecordType::kCname).answer, ElementsAre(cname));
  EXPECT_EQ(OutcomeOf("docs.default", RecordType::kSrv), Outcome::kNoData);
  EXPECT_EQ(OutcomeOf("x.docs.default", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("_http._tcp.docs.default", RecordType::kSrv), Outcome::kNxDomain);
}

// ---- SRV

TEST_F(ResolverTest, SrvOfAHeadlessServiceNamesEachPodInTheOrderOfOrdinals) {
  const testing::Message reply = Ask("_http._tcp.nginx.default", RecordType::kSrv);
  EXPECT_THAT(
      reply.answer,
      ElementsAre(
          "_http._tcp.nginx.default.svc.cluster.local. 30 IN SRV 0 33 8080 web-0.nginx.default.svc.cluster.local.",
          "_http._tcp.nginx.default.svc.cluster.local. 30 IN SRV 0 33 8080 web-1.nginx.default.svc.cluster.local."))
      << "weight: three combinations of address and port share a hundred";
  EXPECT_THAT(reply.additional, ElementsAre("web-0.nginx.default.svc.cluster.local. 30 IN A 10.0.0.10",
                                            "web-0.nginx.default.svc.cluster.local. 30 IN AAAA fd00::10",
                                            "web-1.nginx.default.svc.cluster.local. 30 IN A 10.0.0.11"));
}

TEST_F(ResolverTest, SrvWithoutPortNamesListsAllPorts) {
  EXPECT_THAT(Ask("api.default", RecordType::kSrv).answer,
              ElementsAre("api.default.svc.cluster.local. 30 IN SRV 0 25 443 api.default.svc.cluster.local.",
                          "api.default.svc.cluster.local. 30 IN SRV 0 25 53 api.default.svc.cluster.local."));
  EXPECT_THAT(
      Ask("web-1.nginx.default", RecordType::kSrv).answer,
      ElementsAre(
          "web-1.nginx.default.svc.cluster.local. 30 IN SRV 0 100 8080 web-1.nginx.default.svc.cluster.local."));
}

TEST_F(ResolverTest, SrvOfEndpointsWithoutHostnamePointsToTheirDashedNames) {
  const testing::Message reply = Ask("mixed.default", RecordType::kSrv);
  EXPECT_THAT(
      reply.answer,
      ElementsAre("mixed.default.svc.cluster.local. 30 IN SRV 0 33 8080 10-0-2-1.mixed.default.svc.cluster.local.",
                  "mixed.default.svc.cluster.local. 30 IN SRV 0 33 8080 fd00--2-1.mixed.default.svc.cluster.local."))
      << "the endpoint without ports has no record and counts for the weight";
  EXPECT_THAT(reply.additional, ElementsAre("10-0-2-1.mixed.default.svc.cluster.local. 30 IN A 10.0.2.1",
                                            "fd00--2-1.mixed.default.svc.cluster.local. 30 IN AAAA fd00::2:1"));
  EXPECT_EQ(OutcomeOf("portless-0.mixed.default", RecordType::kSrv), Outcome::kNoData);
}

TEST_F(ResolverTest, PortsThatAreNotThereDoNotExistAndTheirParentsDo) {
  EXPECT_EQ(OutcomeOf("_ftp._tcp.nginx.default", RecordType::kSrv), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("_http._udp.nginx.default", RecordType::kSrv), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("_http._tcp.nginx.default", RecordType::kA), Outcome::kNoData);
  EXPECT_EQ(OutcomeOf("_tcp.nginx.default", RecordType::kSrv), Outcome::kNoData) << "an empty non-terminal";
  EXPECT_EQ(OutcomeOf("_udp.nginx.default", RecordType::kSrv), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("_udp.api.default", RecordType::kSrv), Outcome::kNxDomain) << "its UDP port has no name";
}

// ---- reverse

TEST_F(ResolverTest, AnAddressNamesItsPodOrItsService) {
  EXPECT_THAT(Ask("10.0.0.10.in-addr.arpa.", RecordType::kPtr).answer,
              ElementsAre("10.0.0.10.in-addr.arpa. 30 IN PTR web-0.nginx.default.svc.cluster.local."));
  EXPECT_THAT(Ask("7.0.96.10.in-addr.arpa.", RecordType::kPtr).answer,
              ElementsAre("7.0.96.10.in-addr.arpa. 30 IN PTR api.default.svc.cluster.local."));
  EXPECT_THAT(Ask("0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa.", RecordType::kPtr).answer,
              ElementsAre(EndsWith("PTR web-0.nginx.default.svc.cluster.local.")));
  EXPECT_THAT(Ask("1.2.0.10.in-addr.arpa.", RecordType::kPtr).answer,
              ElementsAre(EndsWith("PTR 10-0-2-1.mixed.default.svc.cluster.local.")));
  EXPECT_THAT(Ask("1.3.0.10.in-addr.arpa.", RecordType::kPtr).answer,
              ElementsAre(EndsWith("PTR orphan-0.orphan.default.svc.cluster.local.")));
}

TEST_F(ResolverTest, ReverseNamesThatAreNoAddressOfOurs) {
  EXPECT_EQ(OutcomeOf("9.9.9.9.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("12.0.0.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain) << "not ready";
  EXPECT_EQ(OutcomeOf("10.0.0.10.in-addr.arpa.", RecordType::kA), Outcome::kNoData);
  EXPECT_EQ(OutcomeOf("0.0.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNoData) << "addresses are below";
  EXPECT_EQ(OutcomeOf("x.0.0.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("1.10.0.0.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("256.0.0.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("in-addr.arpa.", RecordType::kSoa), Outcome::kAnswer);
}

// ---- the tree

TEST_F(ResolverTest, TheApexHasSoaAndNs) {
  EXPECT_THAT(Ask("cluster.local.", RecordType::kSoa).answer, ElementsAre(kSoa));
  const testing::Message ns = Ask("cluster.local.", RecordType::kNs);
  EXPECT_THAT(ns.answer, ElementsAre("cluster.local. 30 IN NS ns.dns.cluster.local."));
  EXPECT_THAT(ns.additional, ElementsAre("ns.dns.cluster.local. 30 IN A 10.0.0.2"));
  EXPECT_THAT(Ask("ns.dns.cluster.local.", RecordType::kA).answer,
              ElementsAre("ns.dns.cluster.local. 30 IN A 10.0.0.2"));
  EXPECT_EQ(OutcomeOf("ns.dns.cluster.local.", RecordType::kAaaa), Outcome::kNoData);
  EXPECT_THAT(Ask("dns-version.cluster.local.", RecordType::kTxt).answer,
              ElementsAre("dns-version.cluster.local. 28800 IN TXT \"1.1.0\""));
}

TEST_F(ResolverTest, NodesOfTheTreeHaveNoDataAndWhatIsBesideThemDoesNotExist) {
  for (const std::string_view name : {"cluster.local.", "svc.cluster.local.", "dns.cluster.local.", "default", "empty",
                                      "nginx.default", "web-0.nginx.default", "dns-version.cluster.local."}) {
    EXPECT_EQ(OutcomeOf(name, RecordType::kMx), Outcome::kNoData) << name;
    EXPECT_EQ(OutcomeOf(name, RecordType::kAny), Outcome::kNoData) << name;
  }
  for (const std::string_view name :
       {"www.cluster.local.", "x.dns.cluster.local.", "x.ns.dns.cluster.local.", "shop", "nginx.shop", "apache.default",
        "web-9.nginx.default", "x.web-0.nginx.default", "a.b.c.d.e.nginx.default", "*.nginx.default",
        "any.nginx.default", "1-2-3-4.default.pod.cluster.local.", "orphan.default", "orphan-0.orphan.default",
        "lost.nowhere", "lost-0.lost.nowhere", "_http.nginx.default", "x.dns-version.cluster.local."}) {
    EXPECT_EQ(OutcomeOf(name, RecordType::kA), Outcome::kNxDomain) << name;
  }
}

TEST_F(ResolverTest, NegativeAnswersCarryTheSoaInTheQuerysLetters) {
  EXPECT_THAT(Ask("web-9.nginx.default", RecordType::kA).authority, ElementsAre(kSoa));
  EXPECT_THAT(Ask("web-1.nginx.default", RecordType::kAaaa).authority, ElementsAre(kSoa));
  EXPECT_THAT(Ask("web-1.nginx.default", RecordType::kA).authority, IsEmpty());
  EXPECT_THAT(Ask("x.Cluster.LOCAL.", RecordType::kA).authority,
              ElementsAre(StartsWith("Cluster.LOCAL. 30 IN SOA ns.dns.Cluster.LOCAL.")));
}

TEST_F(ResolverTest, NamesOutsideOurZonesAreForSomebodyElse) {
  EXPECT_EQ(OutcomeOf("example.com.", RecordType::kA), Outcome::kNotOurs);
  EXPECT_EQ(OutcomeOf("local.", RecordType::kA), Outcome::kNotOurs);
  EXPECT_EQ(OutcomeOf("xcluster.local.", RecordType::kA), Outcome::kNotOurs);
}

TEST_F(ResolverTest, NothingIsSaidNotToExistBeforeTheFirstSync) {
  synced_ = false;
  for (const std::string_view name :
       {"web-0.nginx.default", "no.such.name", "cluster.local.", "9.9.9.9.in-addr.arpa."}) {
    EXPECT_EQ(OutcomeOf(name, RecordType::kA), Outcome::kNotSynced) << name;
  }
  EXPECT_EQ(Ask("web-0.nginx.default", RecordType::kA).rcode, dns::Rcode::kServFail);
  EXPECT_EQ(OutcomeOf("example.com.", RecordType::kA), Outcome::kNotOurs);
}

TEST_F(ResolverTest, TransfersAreRefused) {
  EXPECT_EQ(OutcomeOf("cluster.local.", RecordType::kAxfr), Outcome::kRefused);
  EXPECT_EQ(OutcomeOf("cluster.local.", RecordType::kIxfr), Outcome::kRefused);
}

}  // namespace
}  // namespace podnamed::resolve
