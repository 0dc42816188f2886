#include "server/resolve/external_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "server/dns/query.h"
#include "server/dns/response.h"
#include "server/resolve/resolver.h"
#include "server/state/snapshot_builder.h"
#include "server/testing/dns_message.h"
#include "server/testing/entities.h"

namespace podnamed::resolve {
namespace {

using dns::RecordType;
using state::Port;
using state::Protocol;
using testing::Addresses;
using testing::ClusterIp;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using testing::Headless;
using testing::InNamespace;
using testing::NotReady;
using testing::Pod;
using ::testing::UnorderedElementsAre;

dns::Name Zone(std::string_view text) { return dns::Name::FromText(text).value().Folded(); }

const std::vector<Port> kHttp = {{"http", Protocol::kTcp, 80}};

state::Service ReachedAt(state::Service service, const std::vector<std::string_view>& addresses,
                         const std::vector<std::string_view>& hostnames = {}) {
  service.external_addresses = Addresses(addresses);
  for (const std::string_view hostname : hostnames) {
    service.external_hostnames.emplace_back(Zone(hostname).wire());
  }
  return service;
}

class ExternalAnswerTest : public ::testing::Test {
 protected:
  ExternalAnswerTest() {
    Load({state::Namespace{"default", 0}, state::Namespace{"dns", 0},
          ReachedAt(ClusterIp("api", {"10.96.0.7"}, {{"http", Protocol::kTcp, 80}, {"", Protocol::kUdp, 53}}),
                    {"192.0.2.7", "192.0.2.8", "2001:db8::7"}),
          Pod("api", "api-0", {"10.0.0.7"}, kHttp),
          ReachedAt(ClusterIp("shop", {"10.96.0.8"}, kHttp), {}, {"LB.example"}),
          ReachedAt(ClusterIp("both", {"10.96.0.9"}, kHttp), {"192.0.2.9"}, {"lb.example"}),
          ReachedAt(ClusterIp("portless", {"10.96.0.6"}), {"192.0.2.7"}), ClusterIp("own", {"10.96.0.5"}, kHttp),
          Pod("own", "own-0", {"10.0.0.5"}, kHttp), Headless("nginx"), Pod("nginx", "web-0", {"10.0.0.10"}, kHttp),
          Pod("nginx", "web-1", {"10.0.0.11"}, kHttp), NotReady(Pod("nginx", "web-2", {"10.0.0.12"}, kHttp)),
          ReachedAt(InNamespace("hidden", ClusterIp("api", {"10.97.0.1"})), {"192.0.2.99"})});
  }

  void Load(std::vector<state::Op> ops) {
    state::SnapshotBuilder builder;
    builder.Add(std::move(ops));
    snapshot_ = builder.Build({}, absl::FromUnixSeconds(1'700'000'000));
  }

  // Another configuration from now on.
  template <typename Change>
  void Configure(Change change) {
    ResolverOptions options = DefaultOptions();
    change(options);
    resolver_ = std::make_unique<const Resolver>(std::move(options));
  }

  // The reply as a client would read it. Names without a final dot are completed with "default" and the zone.
  testing::Message Ask(std::string_view name, RecordType type = RecordType::kA) {
    const std::string full = name.ends_with('.') ? std::string(name) : std::string(name) + ".default.example.org.";
    const std::vector<uint8_t> packet = testing::MakeQuery(full, type);
    dns::Query query;
    EXPECT_EQ(dns::ParseQuery(packet, query), dns::ParseOutcome::kQuery);
    Answer answer;
    const Question question{query.name, query.type, base::IpAddress(), /*wants_reason=*/true};
    resolver_->Resolve(question, synced_ ? snapshot_.get() : nullptr, stale_seconds_, random_, answer);
    outcome_ = answer.outcome;
    reason_ = std::string(answer.reason.text());
    std::vector<uint8_t> buffer(dns::kMaxMessageLength);
    const size_t size = encoder_.Encode(query,
                                        {.rcode = RcodeOf(answer.outcome),
                                         .answer = answer.answer,
                                         .authority = answer.authority,
                                         .additional = answer.additional},
                                        buffer.size(), absl::MakeSpan(buffer));
    return testing::ParseMessage(absl::MakeSpan(buffer).first(size)).value();
  }

  Outcome OutcomeOf(std::string_view name, RecordType type = RecordType::kA) {
    Ask(name, type);
    return outcome_;
  }

  static ResolverOptions DefaultOptions() {
    return {.zones = {Zone("example.org"), Zone("in-addr.arpa"), Zone("ip6.arpa")},
            .external = ExternalNames{},
            .server_ipv4 = {{10, 0, 0, 2}},
            .server_ipv6 = {}};
  }

  std::unique_ptr<const state::Snapshot> snapshot_;
  std::unique_ptr<const Resolver> resolver_ = std::make_unique<const Resolver>(DefaultOptions());
  bool synced_ = true;
  uint32_t stale_seconds_ = 0;
  absl::BitGen random_;
  dns::ResponseEncoder encoder_;
  Outcome outcome_{};
  std::string reason_;
};

constexpr std::string_view kSoa =
    "example.org. 5 IN SOA ns1.dns.example.org. hostmaster.dns.example.org. 1700000000 7200 1800 86400 5";

// ---- services

TEST_F(ExternalAnswerTest, AServiceHasItsAddressesOutside) {
  EXPECT_THAT(Ask("api").answer,
              ElementsAre("api.default.example.org. 5 IN A 192.0.2.7", "api.default.example.org. 5 IN A 192.0.2.8"));
  EXPECT_THAT(Ask("aPi.default.EXAMPLE.org.", RecordType::kAaaa).answer,
              ElementsAre("aPi.default.EXAMPLE.org. 5 IN AAAA 2001:db8::7"));
  EXPECT_THAT(Ask("both").answer, ElementsAre(EndsWith(" A 192.0.2.9"))) << "no CNAME beside it";
  EXPECT_EQ(OutcomeOf("both", RecordType::kAaaa), Outcome::kNoData);
  EXPECT_EQ(OutcomeOf("api", RecordType::kMx), Outcome::kNoData);
  EXPECT_THAT(Ask("www.api").answer.size(), 2) << "as CoreDNS: a label in front means nothing";
  EXPECT_EQ(OutcomeOf("a.www.api"), Outcome::kNxDomain);
}

TEST_F(ExternalAnswerTest, ALoadBalancersHostnameIsACname) {
  for (const RecordType type : {RecordType::kA, RecordType::kAaaa, RecordType::kCname}) {
    EXPECT_THAT(Ask("shop", type).answer, ElementsAre("shop.default.example.org. 5 IN CNAME lb.example."));
  }
  EXPECT_EQ(OutcomeOf("shop", RecordType::kTxt), Outcome::kNoData);
  Load({state::Namespace{"default", 0}, ReachedAt(Headless("several"), {}, {"one.example", "two.example"})});
  EXPECT_THAT(Ask("several").answer, ElementsAre(EndsWith(" CNAME one.example."))) << "a name has one";
}

TEST_F(ExternalAnswerTest, PortsPointAtWhereTheServiceIsReached) {
  const testing::Message named = Ask("_http._tcp.api", RecordType::kSrv);
  EXPECT_THAT(named.answer,
              ElementsAre("_http._tcp.api.default.example.org. 5 IN SRV 0 33 80 api.default.example.org."));
  EXPECT_THAT(named.additional, UnorderedElementsAre("api.default.example.org. 5 IN A 192.0.2.7",
                                                     "api.default.example.org. 5 IN A 192.0.2.8",
                                                     "api.default.example.org. 5 IN AAAA 2001:db8::7"));
  EXPECT_THAT(Ask("api", RecordType::kSrv).answer,
              UnorderedElementsAre("api.default.example.org. 5 IN SRV 0 16 80 api.default.example.org.",
                                   "api.default.example.org. 5 IN SRV 0 16 53 api.default.example.org."));
  EXPECT_THAT(Ask("_http._tcp.shop", RecordType::kSrv).answer, ElementsAre(EndsWith(" SRV 0 100 80 lb.example.")));
  EXPECT_THAT(
      Ask("both", RecordType::kSrv).answer,
      UnorderedElementsAre(EndsWith(" SRV 0 50 80 both.default.example.org."), EndsWith(" SRV 0 50 80 lb.example.")));
  EXPECT_EQ(OutcomeOf("portless", RecordType::kSrv), Outcome::kNoData);
  EXPECT_EQ(OutcomeOf("_http._tcp.api"), Outcome::kNoData);
  EXPECT_EQ(OutcomeOf("_tcp.api"), Outcome::kNoData) << "names are below it";
  EXPECT_EQ(OutcomeOf("_http._udp.api", RecordType::kSrv), Outcome::kNxDomain);
  EXPECT_EQ(reason_, "service api has no port http over udp");
}

TEST_F(ExternalAnswerTest, WhatIsNotReachedFromOutsideDoesNotExist) {
  EXPECT_THAT(Ask("own").authority, ElementsAre(kSoa));
  EXPECT_EQ(outcome_, Outcome::kNxDomain);
  EXPECT_EQ(reason_, "no service own in namespace default is reached from outside of the cluster");
  EXPECT_EQ(OutcomeOf("nobody"), Outcome::kNxDomain);
  EXPECT_EQ(reason_, "no service nobody in namespace default is reached from outside of the cluster");
  EXPECT_EQ(OutcomeOf("nginx"), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("web-0.nginx"), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("api.hidden.example.org."), Outcome::kNxDomain) << "there is no such namespace";
  EXPECT_EQ(OutcomeOf("api.default.svc.example.org."), Outcome::kNxDomain);
  EXPECT_EQ(OutcomeOf("default.example.org."), Outcome::kNoData);
  EXPECT_EQ(OutcomeOf("nowhere.example.org."), Outcome::kNxDomain);
  Configure([](ResolverOptions& options) { options.namespaces = {"shop"}; });
  EXPECT_EQ(OutcomeOf("api"), Outcome::kNxDomain);
}

// ---- headless

TEST_F(ExternalAnswerTest, HeadlessServicesAreTheirEndpointsIfThatIsAskedFor) {
  Configure([](ResolverOptions& options) { options.external->headless = true; });
  EXPECT_THAT(Ask("nginx").answer, UnorderedElementsAre("nginx.default.example.org. 5 IN A 10.0.0.10",
                                                        "nginx.default.example.org. 5 IN A 10.0.0.11"));
  EXPECT_THAT(Ask("web-0.nginx").answer, ElementsAre("web-0.nginx.default.example.org. 5 IN A 10.0.0.10"));
  const testing::Message srv = Ask("_http._tcp.nginx", RecordType::kSrv);
  EXPECT_THAT(srv.answer,
              ElementsAre("_http._tcp.nginx.default.example.org. 5 IN SRV 0 50 80 web-0.nginx.default.example.org.",
                          "_http._tcp.nginx.default.example.org. 5 IN SRV 0 50 80 web-1.nginx.default.example.org."));
  EXPECT_THAT(srv.additional, ElementsAre("web-0.nginx.default.example.org. 5 IN A 10.0.0.10",
                                          "web-1.nginx.default.example.org. 5 IN A 10.0.0.11"));
  EXPECT_EQ(OutcomeOf("web-2.nginx"), Outcome::kNxDomain);
  EXPECT_EQ(reason_, "web-2 exists and is not ready; set publishNotReadyAddresses to resolve it earlier");
  EXPECT_THAT(Ask("own-0.own").answer, ElementsAre(EndsWith(" A 10.0.0.5"))) << "of every service";
  EXPECT_EQ(OutcomeOf("own"), Outcome::kNoData) << "names are below it";
  EXPECT_EQ(OutcomeOf("_http._tcp.own", RecordType::kSrv), Outcome::kNxDomain);
  EXPECT_THAT(Ask("api-0.api").answer.size(), 2) << "it is reached at its own addresses";
}

// ---- the zone itself

TEST_F(ExternalAnswerTest, TheApexHasASoaAndANameServer) {
  EXPECT_THAT(Ask("example.org.", RecordType::kSoa).answer, ElementsAre(kSoa));
  const testing::Message ns = Ask("example.org.", RecordType::kNs);
  EXPECT_THAT(ns.answer, ElementsAre("example.org. 5 IN NS ns1.dns.example.org."));
  EXPECT_THAT(ns.additional, ElementsAre("ns1.dns.example.org. 5 IN A 10.0.0.2"));
  EXPECT_THAT(Ask("ns1.dns.example.org.").answer, ElementsAre("ns1.dns.example.org. 5 IN A 10.0.0.2"));
  EXPECT_THAT(Ask("ns1.dns.example.org.", RecordType::kAaaa).authority, ElementsAre(kSoa));
  EXPECT_EQ(OutcomeOf("dns.example.org."), Outcome::kNoData);
  EXPECT_EQ(OutcomeOf("ns2.dns.example.org."), Outcome::kNxDomain) << "no service of a namespace dns";
  EXPECT_EQ(OutcomeOf("example.org."), Outcome::kNoData);
  Configure([](ResolverOptions& options) {
    options.external->apex = "\5names";
    options.ttl = 3600;
  });
  EXPECT_THAT(Ask("example.org.", RecordType::kSoa).answer,
              ElementsAre("example.org. 3600 IN SOA ns1.names.example.org. hostmaster.names.example.org. "
                          "1700000000 7200 1800 86400 3600"));
  EXPECT_EQ(OutcomeOf("dns.example.org."), Outcome::kNoData) << "a namespace";
}

TEST_F(ExternalAnswerTest, TheNameServerIsWhereServicesLeadToIt) {
  const auto load = [&](state::Service kube_dns) {
    Load({state::Namespace{"default", 0}, std::move(kube_dns), Pod("kube-dns", "a", {"10.0.0.2"}),
          Pod("kube-dns", "b", {"10.0.0.3"})});
  };
  load(ReachedAt(ClusterIp("kube-dns", {"10.96.0.10"}), {"192.0.2.53", "2001:db8::53"}, {"lb.example"}));
  EXPECT_THAT(Ask("ns1.dns.example.org.").answer, ElementsAre(EndsWith(" A 192.0.2.53")));
  EXPECT_THAT(Ask("example.org.", RecordType::kNs).additional,
              ElementsAre("ns1.dns.example.org. 5 IN A 192.0.2.53", "ns1.dns.example.org. 5 IN AAAA 2001:db8::53"));
  load(Headless("kube-dns"));
  EXPECT_THAT(Ask("ns1.dns.example.org.").answer, ElementsAre(EndsWith(" A 10.0.0.2"))) << "the machine's own";
  Configure([](ResolverOptions& options) { options.external->headless = true; });
  EXPECT_THAT(Ask("ns1.dns.example.org.").answer, ElementsAre(EndsWith(" A 10.0.0.2"), EndsWith(" A 10.0.0.3")));
}

// ---- addresses

TEST_F(ExternalAnswerTest, AnAddressIsTheServicesThatAreReachedThere) {
  EXPECT_THAT(Ask("7.2.0.192.in-addr.arpa.", RecordType::kPtr).answer,
              UnorderedElementsAre("7.2.0.192.in-addr.arpa. 5 IN PTR api.default.example.org.",
                                   "7.2.0.192.in-addr.arpa. 5 IN PTR portless.default.example.org."));
  EXPECT_EQ(OutcomeOf("7.2.0.192.in-addr.arpa."), Outcome::kNoData);
  for (const char* name : {"10.0.0.10.in-addr.arpa.", "7.0.96.10.in-addr.arpa.", "99.2.0.192.in-addr.arpa."}) {
    EXPECT_EQ(OutcomeOf(name, RecordType::kPtr), Outcome::kNxDomain) << name;
    EXPECT_EQ(reason_, "no service is reached at this address from outside of the cluster");
  }
  EXPECT_EQ(OutcomeOf("0.192.in-addr.arpa.", RecordType::kPtr), Outcome::kNoData);
  EXPECT_THAT(Ask("in-addr.arpa.", RecordType::kNs).answer, ElementsAre("in-addr.arpa. 5 IN NS ns1.dns.example.org."));
  // The cluster's own zones do not speak of them.
  Configure([](ResolverOptions& options) { options.external.reset(); });
  EXPECT_EQ(OutcomeOf("7.2.0.192.in-addr.arpa.", RecordType::kPtr), Outcome::kNxDomain);
}

// ---- what is not known

TEST_F(ExternalAnswerTest, NamesThatDoNotExistMayFallThrough) {
  Configure([](ResolverOptions& options) { options.fallthrough = {dns::Name()}; });
  EXPECT_EQ(OutcomeOf("own"), Outcome::kNotOurs);
  EXPECT_EQ(OutcomeOf("api", RecordType::kMx), Outcome::kNoData);
  EXPECT_EQ(OutcomeOf("10.0.0.10.in-addr.arpa.", RecordType::kPtr), Outcome::kNotOurs);
}

TEST_F(ExternalAnswerTest, ItSaysWhenNothingOrOnlyOldThingsAreKnown) {
  stale_seconds_ = 42;
  Ask("api");
  EXPECT_EQ(reason_, "stale: cluster not followed for 42 s");
  stale_seconds_ = 0;
  synced_ = false;
  Configure([](ResolverOptions& options) { options.fallthrough = {dns::Name()}; });
  EXPECT_EQ(OutcomeOf("api"), Outcome::kNotSynced);
  EXPECT_EQ(OutcomeOf("7.2.0.192.in-addr.arpa.", RecordType::kPtr), Outcome::kNotSynced);
  EXPECT_EQ(OutcomeOf("example.org.", RecordType::kSoa), Outcome::kAnswer);
}

TEST_F(ExternalAnswerTest, ATransferIsRefusedWhereNobodyGivesOne) {
  EXPECT_EQ(OutcomeOf("example.org.", RecordType::kAxfr), Outcome::kRefused);
}

}  // namespace
}  // namespace podnamed::resolve
