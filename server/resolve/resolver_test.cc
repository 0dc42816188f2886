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
    // As a batch does; it must change nothing.
    resolver_->LookAhead(query.name, *snapshot_, ahead_);
    led_to_ = ahead_.Fetch();
    Answer answer;
    const Question question{query.name, query.type, client_, /*wants_reason=*/true};
    resolver_->Resolve(question, synced_ ? snapshot_.get() : nullptr, stale_seconds_, random_, answer);
    reason_ = std::string(answer.reason.text());
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
  state::LookAhead ahead_;
  size_t led_to_ = 0;  // something that the name needs, before it was asked for
  bool synced_ = true;
  absl::BitGen random_;
  dns::ResponseEncoder encoder_;
  base::IpAddress client_;
  uint32_t stale_seconds_ = 0;
  Outcome outcome_{};
  std::string reason_;
  // Another configuration from now on.
  template <typename Change>
  void Configure(Change change) {
    ResolverOptions options = DefaultOptions();
    change(options);
    resolver_ = std::make_unique<const Resolver>(std::move(options));
  }

  static ResolverOptions DefaultOptions() {
    return {.zones = {Zone("cluster.local"), Zone("in-addr.arpa"), Zone("ip6.arpa")},
            .ttl = 30,
            .server_ipv4 = {{10, 0, 0, 2}},
            .server_ipv6 = {}};
  }
  std::unique_ptr<const Resolver> resolver_ = std::make_unique<const Resolver>(DefaultOptions());
};

constexpr std::string_view kSoa =
    "cluster.local. 30 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 30";

// ---- headless services

TEST_F(ResolverTest, LooksAheadToWhatNamesNeed) {
  for (const std::string_view name :
       {"web-0.nginx.default", "NGINX.default", "_https._tcp.api.default", "11.0.0.10.in-addr.arpa."}) {
    Ask(name, RecordType::kA);
    EXPECT_EQ(led_to_, 1U) << name;
  }
  for (const std::string_view name : {"web-7.nginx.default", "nobody.nginx.nowhere", "default", "arpa.",
                                      "0.10.in-addr.arpa.", "12.0.0.99.in-addr.arpa.", "www.example.com."}) {
    Ask(name, RecordType::kA);
    EXPECT_EQ(led_to_, 0U) << name;
  }
}

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
  const testing::Message srv = Ask("_http._tcp.nginx.default", RecordType::kSrv);
  EXPECT_THAT(srv.answer, SizeIs(1)) << "each (target, port) once";
  EXPECT_THAT(srv.additional, SizeIs(2)) << "each (target, address) once";
  EXPECT_THAT(Ask("10.0.0.10.in-addr.arpa.", RecordType::kPtr).answer, SizeIs(1)) << "each endpoint name once";
}

TEST_F(ResolverTest, AnEndpointWithoutAnAddressHasNoName) {
  Load({state::Namespace{"default", 0}, Headless("nginx"), testing::Pod("nginx", "web-0", {}, kHttp)});
  EXPECT_EQ(OutcomeOf("nginx.default", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("_tcp.nginx.default", RecordType::kA), Outcome::kNxDomain) << "its service does not exist";
  EXPECT_EQ(OutcomeOf("web-0.nginx.default", RecordType::kSrv), Outcome::kNxDomain);
  EXPECT_EQ(reason_, "web-0 exists and has no address yet");
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

TEST_F(ResolverTest, OfManyAddressesAsManyAreChosenAsCanFitAndOneMore) {
  std::vector<Op> ops = {state::Namespace{"default", 0}, Headless("nginx")};
  for (int i = 0; i < 5000; ++i) {
    ops.push_back(testing::Pod("nginx", absl::StrCat("web-", i), {absl::StrCat("10.0.", i / 250, ".", i % 250)}));
  }
  Load(std::move(ops));
  const std::vector<uint8_t> packet = testing::MakeQuery("nginx.default.svc.cluster.local.", RecordType::kA);
  dns::Query query;
  ASSERT_EQ(dns::ParseQuery(packet, query), dns::ParseOutcome::kQuery);
  std::set<base::Ipv4Address> seen;
  for (int round = 0; round < 1000; ++round) {
    Answer answer;
    resolver_->Resolve({query.name, query.type, client_, false, /*reply_limit=*/512}, snapshot_.get(), 0, random_,
                       answer);
    ASSERT_EQ(answer.ipv4.size(), 512U / 16 + 1);
    seen.insert(answer.ipv4.begin(), answer.ipv4.end());
  }
  EXPECT_GT(seen.size(), 4900U) << "everybody gets a turn";
}

TEST_F(ResolverTest, OfManySrvRecordsAsManyAreMadeAsCanFitAndOneMore) {
  for (const bool has_hostname : {true, false}) {
    std::vector<Op> ops = {state::Namespace{"default", 0}, Headless("nginx")};
    for (int i = 0; i < 5000; ++i) {
      state::PodIdentity pod =
          testing::Pod("nginx", absl::StrCat("web-", i), {absl::StrCat("10.0.", i / 250, ".", i % 250)}, kHttp);
      if (!has_hostname) pod.hostname.clear();
      ops.push_back(std::move(pod));
    }
    Load(std::move(ops));
    const std::vector<uint8_t> packet = testing::MakeQuery("nginx.default.svc.cluster.local.", RecordType::kSrv);
    dns::Query query;
    ASSERT_EQ(dns::ParseQuery(packet, query), dns::ParseOutcome::kQuery);
    Answer answer;
    resolver_->Resolve({query.name, query.type, client_, false, /*reply_limit=*/512}, snapshot_.get(), 0, random_,
                       answer);
    ASSERT_EQ(answer.srv.size(), 51U) << "whose weight is that of 5000";
    EXPECT_EQ(answer.srv[0].weight, 1);
    EXPECT_LE(answer.additional.size(), 33U);
    EXPECT_EQ(Ask("nginx.default", RecordType::kSrv).answer.front().substr(0, 47),
              "nginx.default.svc.cluster.local. 30 IN SRV 0 1 ");
    EXPECT_THAT(Ask("nginx.default", RecordType::kSrv).answer, SizeIs(::testing::Gt(900U))) << "as many as TCP takes";
  }
}

TEST_F(ResolverTest, ManyPodsMayBearOneHostname) {
  std::vector<Op> ops = {state::Namespace{"default", 0}, Headless("nginx")};
  for (int i = 0; i < 5000; ++i) {
    state::PodIdentity pod =
        testing::Pod("nginx", absl::StrCat("web-", i), {absl::StrCat("10.0.", i / 250, ".", i % 250)}, kHttp);
    pod.hostname = "web";
    ops.push_back(std::move(pod));
  }
  Load(std::move(ops));
  EXPECT_THAT(Ask("nginx.default", RecordType::kSrv).answer,
              ElementsAre("nginx.default.svc.cluster.local. 30 IN SRV 0 1 8080 web.nginx.default.svc.cluster.local."));
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
}

TEST_F(ResolverTest, ReverseNamesThatAreNoAddressOfOurs) {
  EXPECT_EQ(OutcomeOf("9.9.9.9.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("12.0.0.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain) << "not ready";
  EXPECT_EQ(OutcomeOf("1.3.0.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain) << "no such service";
  EXPECT_EQ(OutcomeOf("10.0.0.10.in-addr.arpa.", RecordType::kA), Outcome::kNoData);
  EXPECT_EQ(OutcomeOf("0.0.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNoData) << "addresses are below";
  EXPECT_EQ(OutcomeOf("x.0.0.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("1.10.0.0.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("256.0.0.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("in-addr.arpa.", RecordType::kSoa), Outcome::kAnswer);
}

TEST_F(ResolverTest, AZoneOfOneAddressAnswersForIt) {
  Configure([](ResolverOptions& options) {
    options.zones = {Zone("cluster.local"), Zone("7.0.96.10.in-addr.arpa"), Zone("9.9.9.9.in-addr.arpa")};
  });
  EXPECT_THAT(Ask("7.0.96.10.in-addr.arpa.", RecordType::kPtr).answer,
              ElementsAre(EndsWith("PTR api.default.svc.cluster.local.")));
  EXPECT_EQ(OutcomeOf("7.0.96.10.in-addr.arpa.", RecordType::kSoa), Outcome::kAnswer);
  EXPECT_EQ(OutcomeOf("7.0.96.10.in-addr.arpa.", RecordType::kNs), Outcome::kAnswer);
  EXPECT_EQ(OutcomeOf("7.0.96.10.in-addr.arpa.", RecordType::kA), Outcome::kNoData);
  EXPECT_EQ(OutcomeOf("9.9.9.9.in-addr.arpa.", RecordType::kPtr), Outcome::kNoData) << "the zone is there";
  EXPECT_EQ(reason_, "no service, and no endpoint of a service, has this address");
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

TEST_F(ResolverTest, OfZonesBelowEachOtherTheLongestAnswers) {
  Configure([](ResolverOptions& options) {
    options.zones = {dns::Name(), Zone("in-addr.arpa"), Zone("cluster.local"), Zone("a.b.cluster.local")};
  });
  EXPECT_EQ(OutcomeOf("10.0.0.10.in-addr.arpa.", RecordType::kPtr), Outcome::kAnswer) << "below the root, too";
  EXPECT_EQ(OutcomeOf("nginx.default.svc.a.b.cluster.local.", RecordType::kA), Outcome::kAnswer);
  EXPECT_EQ(OutcomeOf("nginx.default.svc.", RecordType::kA), Outcome::kAnswer);
  EXPECT_EQ(OutcomeOf("b.cluster.local.", RecordType::kA), Outcome::kNoData) << "a zone is below it";
  EXPECT_EQ(OutcomeOf("arpa.", RecordType::kA), Outcome::kNoData);
  EXPECT_EQ(OutcomeOf("x.b.cluster.local.", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("bb.cluster.local.", RecordType::kA), Outcome::kNxDomain);
}

TEST_F(ResolverTest, NothingIsSaidNotToExistBeforeTheFirstSync) {
  synced_ = false;
  for (const std::string_view name : {"web-0.nginx.default", "no.such.name", "default", "9.9.9.9.in-addr.arpa."}) {
    EXPECT_EQ(OutcomeOf(name, RecordType::kA), Outcome::kNotSynced) << name;
  }
  EXPECT_EQ(Ask("web-0.nginx.default", RecordType::kA).rcode, dns::Rcode::kServFail);
  EXPECT_EQ(OutcomeOf("example.com.", RecordType::kA), Outcome::kNotOurs);
  EXPECT_EQ(OutcomeOf("cluster.local.", RecordType::kSoa), Outcome::kAnswer) << "what needs no cluster is there";
  EXPECT_EQ(OutcomeOf("svc.cluster.local.", RecordType::kA), Outcome::kNoData);
}

TEST_F(ResolverTest, TransfersAreRefused) {
  EXPECT_EQ(OutcomeOf("cluster.local.", RecordType::kAxfr), Outcome::kRefused);
  EXPECT_EQ(OutcomeOf("cluster.local.", RecordType::kIxfr), Outcome::kRefused);
}

// ---- options

TEST_F(ResolverTest, PodRecordsSpellAddresses) {
  EXPECT_EQ(OutcomeOf("10-0-0-10.default.pod.cluster.local.", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("pod.cluster.local.", RecordType::kA), Outcome::kNoData);

  Configure([](ResolverOptions& options) { options.pods = PodRecords::kInsecure; });
  EXPECT_THAT(Ask("1-2-3-4.default.pod.cluster.local.", RecordType::kA).answer,
              ElementsAre("1-2-3-4.default.pod.cluster.local. 30 IN A 1.2.3.4"));
  EXPECT_EQ(OutcomeOf("1-2-3-4.default.pod.cluster.local.", RecordType::kAaaa), Outcome::kNoData);
  EXPECT_THAT(Ask("fd00--10.default.pod.cluster.local.", RecordType::kAaaa).answer, SizeIs(1));
  EXPECT_EQ(OutcomeOf("1-2-3-4.shop.pod.cluster.local.", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("nginx.default.pod.cluster.local.", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("1-2-3-4\\000x.default.pod.cluster.local.", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("default.pod.cluster.local.", RecordType::kA), Outcome::kNoData);
  EXPECT_EQ(OutcomeOf("shop.pod.cluster.local.", RecordType::kA), Outcome::kNxDomain);

  Configure([](ResolverOptions& options) { options.pods = PodRecords::kVerified; });
  EXPECT_EQ(OutcomeOf("10-0-0-10.default.pod.cluster.local.", RecordType::kA), Outcome::kAnswer);
  EXPECT_EQ(OutcomeOf("10-0-0-12.default.pod.cluster.local.", RecordType::kA), Outcome::kAnswer) << "ready or not";
  EXPECT_EQ(OutcomeOf("1-2-3-4.default.pod.cluster.local.", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("10-0-0-10.empty.pod.cluster.local.", RecordType::kA), Outcome::kNxDomain);
}

TEST_F(ResolverTest, OnlyListedNamespacesExist) {
  Configure([](ResolverOptions& options) { options.namespaces = {"empty"}; });
  EXPECT_EQ(OutcomeOf("empty", RecordType::kA), Outcome::kNoData);
  EXPECT_EQ(OutcomeOf("default", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(reason_, "namespace default is not served here (namespaces)");
  EXPECT_EQ(OutcomeOf("web-0.nginx.default", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("10.0.0.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("7.0.96.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain);
}

TEST_F(ResolverTest, SelectorsHideNamespacesAndServices) {
  state::Service labelled = Headless("labelled");
  labelled.labels = {{"app", "web"}};
  Load({state::Namespace{"default", 0, {{"env", "prod"}}}, state::Namespace{"shop", 0}, labelled, Headless("nginx"),
        testing::Pod("labelled", "web-0", {"10.0.0.1"}), testing::Pod("nginx", "web-0", {"10.0.0.2"}),
        InNamespace("shop", ClusterIp("cart", {"10.96.0.9"}))});
  Configure([](ResolverOptions& options) {
    options.namespace_selector = state::LabelSelector({{"env", state::LabelRequirement::Operator::kIn, {"prod"}}});
  });
  EXPECT_EQ(OutcomeOf("nginx.default", RecordType::kA), Outcome::kAnswer);
  EXPECT_EQ(OutcomeOf("cart.shop", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("9.0.96.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain);

  Configure([](ResolverOptions& options) {
    options.service_selector = state::LabelSelector({{"app", state::LabelRequirement::Operator::kExists, {}}});
  });
  EXPECT_EQ(OutcomeOf("labelled.default", RecordType::kA), Outcome::kAnswer);
  EXPECT_EQ(OutcomeOf("web-0.labelled.default", RecordType::kA), Outcome::kAnswer);
  EXPECT_EQ(OutcomeOf("nginx.default", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("2.0.0.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain);
}

TEST_F(ResolverTest, WithoutEndpointsOnlyServicesAnswer) {
  Configure([](ResolverOptions& options) { options.endpoints = false; });
  EXPECT_EQ(OutcomeOf("api.default", RecordType::kA), Outcome::kAnswer);
  EXPECT_EQ(OutcomeOf("7.0.96.10.in-addr.arpa.", RecordType::kPtr), Outcome::kAnswer);
  EXPECT_EQ(OutcomeOf("nginx.default", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("web-0.nginx.default", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("10-0-2-1.mixed.default", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("_http._tcp.nginx.default", RecordType::kSrv), Outcome::kNxDomain);
  EXPECT_EQ(reason_, "service nginx is headless, and endpoints are not served here (noendpoints)");
  EXPECT_EQ(OutcomeOf("10.0.0.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("12.0.0.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain);
  EXPECT_EQ(reason_, "no service, and no endpoint of a service, has this address");
}

TEST_F(ResolverTest, EndpointsMayBearTheNamesOfTheirPods) {
  Configure([](ResolverOptions& options) { options.endpoint_pod_names = true; });
  EXPECT_THAT(Ask("pod-without-hostname.mixed.default", RecordType::kA).answer, SizeIs(1));
  EXPECT_EQ(OutcomeOf("10-0-2-1.mixed.default", RecordType::kA), Outcome::kNxDomain);
  EXPECT_THAT(Ask("mixed.default", RecordType::kSrv).answer,
              ElementsAre(EndsWith("8080 pod-without-hostname.mixed.default.svc.cluster.local.")));
  EXPECT_THAT(Ask("1.2.0.10.in-addr.arpa.", RecordType::kPtr).answer,
              ElementsAre(EndsWith("pod-without-hostname.mixed.default.svc.cluster.local.")));
}

TEST_F(ResolverTest, EmptyServicesMayBeIgnored) {
  EXPECT_EQ(OutcomeOf("api.default", RecordType::kA), Outcome::kAnswer);
  Configure([](ResolverOptions& options) { options.ignore_empty_services = true; });
  EXPECT_EQ(OutcomeOf("api.default", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("docs.default", RecordType::kA), Outcome::kAnswer) << "an ExternalName has no endpoints";
  Load({state::Namespace{"default", 0}, ClusterIp("api", {"10.96.0.7"}), testing::Pod("api", "api-0", {"10.0.0.1"})});
  EXPECT_EQ(OutcomeOf("api.default", RecordType::kA), Outcome::kAnswer);
}

TEST_F(ResolverTest, NamesThatDoNotExistMayFallThrough) {
  Configure([](ResolverOptions& options) { options.fallthrough = {Zone("in-addr.arpa"), Zone("svc.cluster.local")}; });
  EXPECT_EQ(OutcomeOf("9.9.9.9.in-addr.arpa.", RecordType::kPtr), Outcome::kNotOurs);
  EXPECT_EQ(OutcomeOf("9.9.in-addr.arpa.", RecordType::kNs), Outcome::kNotOurs) << "somebody else's for all we know";
  EXPECT_EQ(OutcomeOf("web-9.nginx.default", RecordType::kA), Outcome::kNotOurs);
  EXPECT_EQ(OutcomeOf("www.cluster.local.", RecordType::kA), Outcome::kNxDomain)
      << "not below a zone that falls through";
  EXPECT_EQ(OutcomeOf("web-0.nginx.default", RecordType::kMx), Outcome::kNoData) << "NODATA never falls through";
  synced_ = false;
  EXPECT_EQ(OutcomeOf("web-9.nginx.default", RecordType::kA), Outcome::kNotSynced) << "who is next would deny it";
}

TEST_F(ResolverTest, ExternalNamesOfOurOwnAreFollowed) {
  const auto external = [](std::string_view name, std::string_view target) {
    state::Service service = Headless(name);
    service.kind = state::ServiceKind::kExternalName;
    service.external_name = std::string(dns::Name::FromText(target)->wire());
    return service;
  };
  Load({state::Namespace{"default", 0}, ClusterIp("api", {"10.96.0.7"}),
        external("one", "Two.default.svc.cluster.local"), external("two", "api.default.svc.cluster.local"),
        external("out", "out2.default.svc.cluster.local"), external("out2", "example.com"),
        external("dangling", "gone.default.svc.cluster.local"), external("loop", "pool.default.svc.cluster.local"),
        external("pool", "loop.default.svc.cluster.local"), external("literal", "10.0.0.1"),
        external("literal6", "::ffff:10.0.0.1")});
  EXPECT_THAT(Ask("one.default", RecordType::kA).answer,
              ElementsAre("one.default.svc.cluster.local. 30 IN CNAME Two.default.svc.cluster.local.",
                          "Two.default.svc.cluster.local. 30 IN CNAME api.default.svc.cluster.local.",
                          "api.default.svc.cluster.local. 30 IN A 10.96.0.7"));
  EXPECT_EQ(OutcomeOf("one.default", RecordType::kAaaa), Outcome::kNoData) << "it ends where there is none";
  EXPECT_THAT(Ask("one.default", RecordType::kCname).answer, SizeIs(1));
  EXPECT_THAT(Ask("out.default", RecordType::kA).answer, SizeIs(2)) << "example.com is for the client to find";
  EXPECT_THAT(Ask("dangling.default", RecordType::kA).answer, IsEmpty());
  EXPECT_EQ(outcome_, Outcome::kNoData);
  EXPECT_EQ(reason_, "service dangling is an ExternalName, and what it stands for has no IPv4 addresses");
  EXPECT_EQ(OutcomeOf("loop.default", RecordType::kA), Outcome::kNoData);
  EXPECT_THAT(Ask("loop.default", RecordType::kA).authority, SizeIs(1));
  EXPECT_EQ(OutcomeOf("literal.default", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("literal6.default", RecordType::kAaaa), Outcome::kNxDomain);
}

TEST_F(ResolverTest, AZoneHasItsOwnEndpoints) {
  state::PodIdentity a = testing::Pod("nginx", "web-0", {"10.0.0.1"}, kHttp);
  a.zone = "us-east-1a";
  state::PodIdentity b = testing::Pod("nginx", "web-1", {"10.0.0.2"}, kHttp);
  b.zone = "Room.B";
  Load({state::Namespace{"default", 0}, Headless("nginx"), a, b, ClusterIp("api", {"10.96.0.7"})});
  EXPECT_EQ(OutcomeOf("us-east-1a.pin._zone.nginx.default", RecordType::kA), Outcome::kNxDomain) << "not asked for";
  Configure([](ResolverOptions& options) { options.zonal = true; });
  EXPECT_THAT(Ask("us-east-1a.pin._zone.nginx.default", RecordType::kA).answer, ElementsAre(EndsWith(" A 10.0.0.1")));
  EXPECT_THAT(Ask("room.b.pin._zone.nginx.default", RecordType::kA).answer, ElementsAre(EndsWith(" A 10.0.0.2")));
  EXPECT_THAT(Ask("room.b.prefer._zone.nginx.default", RecordType::kSrv).answer,
              ElementsAre(EndsWith(" web-1.nginx.default.svc.cluster.local.")));
  EXPECT_EQ(OutcomeOf("room-b.pin._zone.nginx.default", RecordType::kA), Outcome::kNoData);
  EXPECT_EQ(OutcomeOf("b.pin._zone.nginx.default", RecordType::kA), Outcome::kNoData);
  EXPECT_THAT(Ask("moon.prefer._zone.nginx.default", RecordType::kA).answer, SizeIs(2));
  EXPECT_EQ(OutcomeOf("pin._zone.nginx.default", RecordType::kA), Outcome::kNoData) << "an empty non-terminal";
  EXPECT_EQ(OutcomeOf("_zone.nginx.default", RecordType::kA), Outcome::kNoData);
  EXPECT_EQ(OutcomeOf("x.push._zone.nginx.default", RecordType::kA), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("us-east-1a.pin._zone.api.default", RecordType::kA), Outcome::kNxDomain) << "headless only";
}

TEST_F(ResolverTest, AClustersetHasTreesOfItsOwn) {
  const auto imported = [](auto entity) {
    entity.clusterset = true;
    return entity;
  };
  const auto in_cluster = [&](std::string_view cluster, state::PodIdentity identity) {
    identity.cluster = std::string(cluster);
    return imported(std::move(identity));
  };
  Load({state::Namespace{"default", 0}, imported(Headless("db")), imported(ClusterIp("api", {"10.100.0.1"})),
        in_cluster("east", testing::Pod("db", "db-0.east", {"10.1.0.1"}, kHttp)),
        in_cluster("west", testing::Pod("db", "db-0.west", {"10.2.0.1"}, kHttp)), ClusterIp("own", {"10.96.0.7"})});
  state::PodIdentity east = in_cluster("east", testing::Pod("db", "db-0.east", {"10.1.0.1"}, kHttp));
  east.hostname = "db-0";
  state::PodIdentity west = in_cluster("west", testing::Pod("db", "db-0.west", {"10.2.0.1"}, kHttp));
  west.hostname = "db-0";
  Load({state::Namespace{"default", 0}, imported(Headless("db")), imported(ClusterIp("api", {"10.100.0.1"})), east,
        west, ClusterIp("own", {"10.96.0.7"})});
  Configure([](ResolverOptions& options) {
    options.zones.push_back(Zone("clusterset.local"));
    options.clusterset_zones = {Zone("clusterset.local")};
  });
  const auto ask = [&](std::string_view name, RecordType type) {
    return Ask(absl::StrCat(std::string(name), ".default.svc.clusterset.local."), type);
  };
  EXPECT_THAT(ask("api", RecordType::kA).answer, ElementsAre(EndsWith(" A 10.100.0.1")));
  EXPECT_THAT(ask("db", RecordType::kA).answer, SizeIs(2));
  EXPECT_THAT(ask("db-0.east.db", RecordType::kA).answer, ElementsAre(EndsWith(" A 10.1.0.1")));
  EXPECT_THAT(ask("_http._tcp.db", RecordType::kSrv).answer,
              UnorderedElementsAre(EndsWith(" db-0.east.db.default.svc.clusterset.local."),
                                   EndsWith(" db-0.west.db.default.svc.clusterset.local.")));
  ask("db-0.db", RecordType::kA);
  EXPECT_EQ(outcome_, Outcome::kNxDomain) << "in which cluster?";
  ask("east.db", RecordType::kA);
  EXPECT_EQ(outcome_, Outcome::kNoData);
  ask("own", RecordType::kA);
  EXPECT_EQ(outcome_, Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("db.default", RecordType::kA), Outcome::kNxDomain) << "it is not of this cluster";
  EXPECT_EQ(OutcomeOf("1.0.1.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain);
}

// ---- short names

TEST_F(ResolverTest, APodsShortNamesAreCompletedAsItsSearchListWould) {
  Configure([](ResolverOptions& options) { options.short_names = true; });
  client_ = *base::ParseIpAddress("10.0.0.11");  // web-1, in namespace default
  EXPECT_THAT(Ask("web-0.nginx.", RecordType::kA).answer, ElementsAre("web-0.nginx. 30 IN A 10.0.0.10"));
  EXPECT_THAT(Ask("NGINX.", RecordType::kAaaa).answer, ElementsAre("NGINX. 30 IN AAAA fd00::10"));
  EXPECT_THAT(Ask("api.default.", RecordType::kA).answer, ElementsAre("api.default. 30 IN A 10.96.0.7"));
  EXPECT_THAT(Ask("api.default.svc.", RecordType::kA).answer, SizeIs(1));
  EXPECT_THAT(Ask("_http._tcp.nginx.", RecordType::kSrv).answer,
              ElementsAre("_http._tcp.nginx. 30 IN SRV 0 33 8080 web-0.nginx.default.svc.cluster.local.",
                          "_http._tcp.nginx. 30 IN SRV 0 33 8080 web-1.nginx.default.svc.cluster.local."));
  EXPECT_EQ(OutcomeOf("web-1.nginx.", RecordType::kAaaa), Outcome::kNoData) << "it exists: ours, and nobody else's";
  EXPECT_THAT(Ask("web-1.nginx.", RecordType::kAaaa).authority, IsEmpty()) << "no zone of ours holds the name";
  EXPECT_EQ(OutcomeOf("web-9.nginx.", RecordType::kA), Outcome::kNotOurs);
  EXPECT_EQ(OutcomeOf("default.", RecordType::kA), Outcome::kNotOurs) << "a namespace is nothing to talk to";
  EXPECT_EQ(OutcomeOf(".", RecordType::kNs), Outcome::kNotOurs);

  client_ = *base::ParseIpAddress("10.9.9.9");
  EXPECT_EQ(OutcomeOf("web-0.nginx.", RecordType::kA), Outcome::kNotOurs) << "nobody knows where this client is";
}

TEST_F(ResolverTest, ShortNamesNeverStandInForTheInternet) {
  Configure([](ResolverOptions& options) { options.short_names = true; });
  Load({state::Namespace{"default", 0}, state::Namespace{"com", 0}, Headless("shop"),
        testing::Pod("shop", "web-0", {"10.0.0.1"}), InNamespace("com", ClusterIp("example", {"10.96.0.1"})),
        ClusterIp("dev", {"10.96.0.2"}), InNamespace("other", testing::Pod("x", "on-host", {"10.0.0.5"})),
        testing::Pod("shop", "on-host", {"10.0.0.5"})});
  client_ = *base::ParseIpAddress("10.0.0.1");
  EXPECT_EQ(OutcomeOf("example.com.", RecordType::kA), Outcome::kNotOurs);
  EXPECT_EQ(OutcomeOf("dev.", RecordType::kA), Outcome::kNotOurs);
  EXPECT_EQ(OutcomeOf("shop.", RecordType::kA), Outcome::kNotOurs) << "shop is a top-level domain";
  client_ = *base::ParseIpAddress("10.0.0.5");
  EXPECT_EQ(OutcomeOf("web-0.shop.default.", RecordType::kA), Outcome::kNotOurs) << "two namespaces share the address";
}

// ---- reasons

TEST_F(ResolverTest, NegativeAnswersSayWhy) {
  const auto reason_of = [&](std::string_view name, RecordType type = RecordType::kA) {
    Ask(name, type);
    return reason_;
  };
  EXPECT_EQ(reason_of("nginx.shop"), "namespace shop does not exist");
  EXPECT_EQ(reason_of("apache.default"), "service apache does not exist in namespace default");
  EXPECT_EQ(reason_of("web-7.nginx.default"), "service nginx exists, web-7 does not; it has web-0..web-2");
  EXPECT_EQ(reason_of("web-2.nginx.default"),
            "web-2 exists and is not ready; set publishNotReadyAddresses to resolve it earlier");
  EXPECT_EQ(reason_of("api-0.api.default"),
            "service api has ClusterIP 10.96.0.7; per-pod names need a headless service");
  EXPECT_EQ(reason_of("asleep.default"),
            "service asleep has 1 endpoints, none of them ready; set publishNotReadyAddresses to resolve them earlier");
  EXPECT_EQ(reason_of("pod-without-hostname.mixed.default"),
            "pod pod-without-hostname has no hostname in service mixed; set its hostname, and its subdomain to mixed");
  EXPECT_EQ(reason_of("10-0-0-10.nginx.default"), "web-0 is known as web-0 in service nginx");
  EXPECT_EQ(reason_of("orphan.default"),
            "endpoints of service orphan are known in namespace default, the service itself is not");
  EXPECT_EQ(reason_of("_ftp._tcp.nginx.default"), "service nginx has no port ftp over tcp on a ready endpoint");
  EXPECT_EQ(reason_of("web-1.nginx.default", RecordType::kAaaa), "exists, without IPv6 addresses");
  EXPECT_EQ(reason_of("dns-version.cluster.local."), "exists, without IPv4 addresses");
  EXPECT_EQ(reason_of("1-2-3-4.default.pod.cluster.local."), "records of pods are disabled here (pods)");
  EXPECT_EQ(reason_of("9.9.9.9.in-addr.arpa.", RecordType::kPtr),
            "no service, and no endpoint of a service, has this address");
  EXPECT_EQ(reason_of("12.0.0.10.in-addr.arpa.", RecordType::kPtr),
            "the address is that of web-2 in service nginx, which is not ready");
  EXPECT_EQ(reason_of("web-0.nginx.default"), "");
  synced_ = false;
  EXPECT_EQ(reason_of("web-0.nginx.default"), "not synced yet: nothing is known of the cluster");
}

TEST_F(ResolverTest, TheReasonLooksAtTheEndsOfALargeService) {
  const auto reason_among = [&](int pods) {
    std::vector<Op> ops = {state::Namespace{"default", 0}, Headless("nginx")};
    for (int i = 0; i < pods; ++i) {
      ops.push_back(testing::Pod("nginx", absl::StrCat("web-", i), {absl::StrCat("10.0.0.", i)}));
      if (i == 50) std::get<state::PodIdentity>(ops.back()).hostname.clear();
    }
    Load(std::move(ops));
    Ask("apache.nginx.default", RecordType::kA);
    return reason_;
  };
  EXPECT_THAT(reason_among(50), EndsWith("it has web-0..web-49"));
  EXPECT_THAT(reason_among(100), EndsWith("it has web-0..web-99 and endpoints without hostnames"));
  EXPECT_THAT(reason_among(101), EndsWith("it has web-0..web-100")) << "that one is in the middle";
}

TEST_F(ResolverTest, StaleAnswersSaySo) {
  stale_seconds_ = 42;
  Ask("web-0.nginx.default", RecordType::kA);
  EXPECT_EQ(reason_, "stale: cluster not followed for 42 s");
  Ask("nginx.shop", RecordType::kA);
  EXPECT_EQ(reason_, "stale: cluster not followed for 42 s; namespace shop does not exist");
  Ask("example.com.", RecordType::kA);
  EXPECT_EQ(reason_, "");
}

TEST_F(ResolverTest, ReasonsMayBeOff) {
  Configure([](ResolverOptions& options) { options.reasons = false; });
  stale_seconds_ = 42;
  Ask("nginx.shop", RecordType::kA);
  EXPECT_EQ(reason_, "");
}

}  // namespace
}  // namespace podnamed::resolve
