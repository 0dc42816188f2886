#include "ctl/output.h"

#include <gmock/gmock.h>

namespace podnamed::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Table, LinesUpAlsoBesideCharactersOfSeveralOctets) {
  EXPECT_EQ(Table({{"NAME", "TTL"}, {"a→b", "5"}, {"longer", ""}}), "NAME    TTL\na→b     5\nlonger\n");
}

inspect::v1::LookupResponse Missing() {
  inspect::v1::LookupResponse response;
  response.set_name("web-9.nginx.default.svc.cluster.local.");
  response.set_type("A");
  response.set_rcode("NXDOMAIN");
  inspect::v1::ExtendedError& error = *response.add_extended_errors();
  error.set_code(0);
  error.set_meaning("Other Error");
  error.set_text("service nginx exists, web-9 does not");
  return response;
}

TEST(Output, ALookupThatFindsNothingSaysWhy) {
  EXPECT_FALSE(Resolves(Missing()));
  EXPECT_EQ(ToText(Missing()),
            "web-9.nginx.default.svc.cluster.local. A: NXDOMAIN\n"
            "  Other Error (0): service nginx exists, web-9 does not\n");
}

TEST(Output, JsonHasEveryFieldAndOneLineForAWatch) {
  const std::string json = ToJson(Missing(), Layout::kLines);
  EXPECT_THAT(json, HasSubstr("\"rcode\": \"NXDOMAIN\""));
  EXPECT_THAT(json, HasSubstr("\"authoritative\": false"));
  EXPECT_THAT(json, HasSubstr("\"extendedErrors\""));
  inspect::v1::WatchResponse watch;
  watch.add_changes()->set_text("pod default/nginx/web-0 is gone");
  EXPECT_THAT(ToJson(watch, Layout::kOneLine), Not(HasSubstr("\n ")));
}

TEST(Output, AStateWithoutATimeHasNeverChanged) {
  inspect::v1::StatusResponse response;
  inspect::v1::Cluster& cluster = *response.add_clusters();
  cluster.set_synced(true);
  cluster.mutable_position()->set_epoch("ab");
  EXPECT_THAT(ToText(response), HasSubstr("synced, revision 0 of ab, never changed\n"));
  EXPECT_THAT(ToJson(response, Layout::kLines), Not(HasSubstr("changedAt")));
  cluster.mutable_changed_at()->set_seconds(86'400 * 365);
  EXPECT_THAT(ToText(response), HasSubstr("changed at 197"));
}

TEST(Output, AStateThatIsOldSaysWhatIsLost) {
  inspect::v1::StatusResponse response;
  inspect::v1::Cluster& cluster = *response.add_clusters();
  cluster.set_synced(true);
  EXPECT_THAT(ToText(response), Not(HasSubstr("STALE")));
  cluster.mutable_stale()->set_seconds(42);
  EXPECT_THAT(ToText(response), HasSubstr("STALE       the controller is lost, for 42s\n"));
  cluster.set_connected(true);
  EXPECT_THAT(ToText(response), HasSubstr("STALE       the controller is back and has not said yet"));
  cluster.mutable_lost_source()->mutable_age()->set_seconds(42);
  cluster.mutable_lost_source()->set_why("services: refused");
  EXPECT_THAT(ToText(response),
              HasSubstr("STALE       the controller has lost its API server for 42s: services: refused"));
  cluster.set_synced(false);
  EXPECT_THAT(ToText(response),
              HasSubstr("LOST        the controller has lost its API server for 42s: services: refused"));
}

TEST(Output, WhatIsHeldSaysWhatItWaitsFor) {
  inspect::v1::StatusResponse response;
  inspect::v1::Held& held = *response.add_clusters()->mutable_held();
  held.set_records(3);
  held.set_of_records(5);
  EXPECT_THAT(ToText(response), HasSubstr("HELD        the removal of 3 of 5 records"));
  EXPECT_THAT(ToText(response), Not(HasSubstr("waits for")));
  held.add_waits_for("services: refused");
  EXPECT_THAT(ToText(response),
              HasSubstr("  waits for   services: refused\n              podnamectl release removes them now\n"));
}

TEST(Output, AnOldChangeHasItsDate) {
  inspect::v1::WatchResponse watch;
  watch.mutable_changed_at()->set_seconds(86'400 * 365);  // 1971, everywhere but a day's worth of time zones
  EXPECT_THAT(ToText(watch), testing::MatchesRegex("197[01]-[0-9-]+ [0-9:.]+  not synced .*\n"));
}

TEST(Output, AListOfPodsTellsTheirState) {
  inspect::v1::ListPodsResponse response;
  inspect::v1::Pod& pod = *response.add_pods();
  pod.set_namespace_("default");
  pod.set_service("nginx");
  pod.set_name("web-0");
  pod.set_hostname("web-0");
  pod.add_addresses("10.0.0.1");
  pod.add_addresses("fd00::1");
  pod.set_published(true);
  EXPECT_EQ(ToText(response), "not synced: nothing is known yet\n");
  response.mutable_position()->set_revision(1);
  EXPECT_EQ(ToText(response),
            "NAMESPACE  SERVICE  NAME   HOSTNAME  ADDRESS           STATE\n"
            "default    nginx    web-0  web-0     10.0.0.1,fd00::1  not ready,published\n");
}

TEST(Output, AListOfServicesTellsHowTheyAreReached) {
  inspect::v1::ListServicesResponse response;
  response.mutable_position()->set_revision(1);
  inspect::v1::Service& service = *response.add_services();
  service.set_namespace_("default");
  service.set_name("api");
  service.set_kind(inspect::v1::Service::CLUSTER_IP);
  service.add_addresses("10.96.0.1");
  *response.add_services() = service;
  service.add_external("192.0.2.1");
  service.add_external("lb.example.");
  EXPECT_EQ(ToText(response),
            "NAMESPACE  NAME  TYPE        ADDRESS    EXTERNAL               PORTS  READY\n"
            "default    api   cluster-ip  10.96.0.1  192.0.2.1,lb.example.  -      0/0\n"
            "default    api   cluster-ip  10.96.0.1  -                      -      0/0\n");
}

}  // namespace
}  // namespace podnamed::ctl
