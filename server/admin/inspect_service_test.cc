#include "server/admin/inspect_service.h"

#include <gmock/gmock.h>

#include "server/admin/test_subject.h"
#include "server/testing/entities.h"

namespace podnamed::admin {
namespace {

namespace v1 = inspect::v1;
using podnamed::testing::Headless;
using podnamed::testing::Pod;
using ::testing::HasSubstr;

class InspectServiceTest : public ::testing::Test {
 protected:
  void Publish() {
    cluster_.Publish({NamespaceNamed("default"), Headless("nginx", {{.name = "http", .number = 80}}),
                      Pod("nginx", "web-0", {"10.0.0.1"}, {{.name = "http", .number = 8080}})});
  }
  v1::StatusResponse Status() {
    v1::StatusResponse response;
    EXPECT_TRUE(service_.Status(nullptr, nullptr, &response).ok());
    return response;
  }
  v1::LookupResponse Lookup(const std::string& name, const std::string& type = "", const std::string& as = "") {
    v1::LookupRequest request;
    request.set_name(name);
    request.set_type(type);
    request.set_as(as);
    v1::LookupResponse response;
    const grpc::Status status = service_.Lookup(nullptr, &request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  std::string ErrorOf(const std::string& name, const std::string& type = "", const std::string& as = "") {
    v1::LookupRequest request;
    request.set_name(name);
    request.set_type(type);
    request.set_as(as);
    v1::LookupResponse response;
    return service_.Lookup(nullptr, &request, &response).error_message();
  }

  TestSubject cluster_;
  InspectService service_{cluster_.subject()};
};

TEST_F(InspectServiceTest, StatusBeforeAnythingWasHeard) {
  const v1::StatusResponse response = Status();
  EXPECT_EQ(response.workers(), 2);
  ASSERT_EQ(response.clusters_size(), 1);
  EXPECT_FALSE(response.clusters(0).synced());
  EXPECT_FALSE(response.clusters(0).has_since_heard());
  EXPECT_FALSE(response.clusters(0).has_position());
}

TEST_F(InspectServiceTest, AnEmptyClusterHasNeverChanged) {
  cluster_.PublishNothing();
  EXPECT_TRUE(Status().clusters(0).synced());
  EXPECT_FALSE(Status().clusters(0).has_changed_at());
  Publish();
  EXPECT_TRUE(Status().clusters(0).has_changed_at());
}

TEST_F(InspectServiceTest, StatusOfAStateWhoseControllerIsAway) {
  Publish();
  cluster_.feed() = {.connected = false, .last_message = absl::Now() - absl::Seconds(42), .last_error = "lost: reset"};
  const v1::StatusResponse response = Status();
  const v1::Cluster& cluster = response.clusters(0);
  EXPECT_TRUE(cluster.synced());
  EXPECT_EQ(cluster.position().revision(), 1);
  EXPECT_EQ(cluster.position().epoch().substr(0, 4), "ab00");
  EXPECT_EQ(cluster.since_heard().seconds(), 42);
  EXPECT_EQ(cluster.last_error(), "lost: reset");
  EXPECT_EQ(cluster.services(), 1);
  EXPECT_EQ(cluster.identities(), 1);
}

TEST_F(InspectServiceTest, StatusOfAStateWhoseControllerHasLostItsSource) {
  Publish();
  EXPECT_FALSE(Status().clusters(0).has_stale());
  EXPECT_FALSE(Status().clusters(0).has_lost_source());
  const absl::Time since = absl::Now() - absl::Seconds(42);
  cluster_.SetStaleSince(since);
  cluster_.feed() = {.connected = true,
                     .last_message = absl::Now(),
                     .last_error = "",
                     .lost_source = LostSource{.since = since, .why = "services: refused"}};
  const v1::StatusResponse response = Status();
  EXPECT_GE(response.clusters(0).stale().seconds(), 42);
  EXPECT_EQ(response.clusters(0).lost_source().age().seconds(), 42);
  EXPECT_EQ(response.clusters(0).lost_source().why(), "services: refused");
}

TEST_F(InspectServiceTest, LookupShowsRecordsAsAZoneFile) {
  Publish();
  const v1::LookupResponse a = Lookup("Web-0.nginx.default.svc.cluster.local");
  EXPECT_EQ(a.rcode(), "NOERROR");
  ASSERT_EQ(a.answer_size(), 1);
  EXPECT_EQ(a.answer(0).type(), "A");
  EXPECT_EQ(a.answer(0).data(), "10.0.0.1");
  const v1::LookupResponse srv = Lookup("_http._tcp.nginx.default.svc.cluster.local", "srv", "web-0");
  EXPECT_EQ(srv.answer(0).data(), "0 100 8080 web-0.nginx.default.svc.cluster.local.");
  EXPECT_EQ(srv.additional(0).data(), "10.0.0.1");
  EXPECT_EQ(srv.client().pod(), "web-0");
  EXPECT_EQ(srv.client().address(), "10.0.0.1");
  EXPECT_EQ(Lookup("cluster.local", "SOA").answer(0).data().substr(0, 21), "ns.dns.cluster.local.");
  EXPECT_EQ(Lookup("dns-version.cluster.local", "TXT").answer(0).data(), "\"1.1.0\"");
}

TEST_F(InspectServiceTest, LookupOfAnAddressAsksForItsPointer) {
  Publish();
  const v1::LookupResponse response = Lookup("10.0.0.1");
  EXPECT_EQ(response.name(), "1.0.0.10.in-addr.arpa.");
  EXPECT_EQ(response.type(), "PTR");
  EXPECT_EQ(response.answer(0).data(), "web-0.nginx.default.svc.cluster.local.");
  EXPECT_EQ(Lookup("fd00::1").name(), "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa.");
}

TEST_F(InspectServiceTest, ANegativeAnswerIsNoError) {
  EXPECT_EQ(Lookup("web-0.nginx.default.svc.cluster.local").rcode(), "SERVFAIL");
  Publish();
  const v1::LookupResponse response = Lookup("web-9.nginx.default.svc.cluster.local");
  EXPECT_EQ(response.rcode(), "NXDOMAIN");
  ASSERT_EQ(response.authority_size(), 1);
  EXPECT_EQ(response.authority(0).type(), "SOA");
}

TEST_F(InspectServiceTest, WithoutAClusterThereIsNothingToWatchOrList) {
  Subject subject = cluster_.subject();
  subject.clusters.clear();
  InspectService service(subject);
  const v1::WatchRequest watch;
  const v1::ListRequest list;
  EXPECT_EQ(service.Watch(nullptr, &watch, nullptr).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(service.ListPods(nullptr, &list, nullptr).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(InspectServiceTest, SaysWhatIsWrongWithARequest) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("found no name"));
  EXPECT_THAT(ErrorOf("nginx", "HOST"), HasSubstr("found type HOST"));
  EXPECT_THAT(ErrorOf("nginx", "A", "web-0"), HasSubstr("found no pod web-0"));
}

TEST_F(InspectServiceTest, CallsLookAtWhatIsShownLast) {
  Subject next = cluster_.subject();
  next.workers = 7;
  const auto owner = std::make_shared<int>();
  next.owner = owner;
  service_.Show(std::move(next));
  EXPECT_EQ(Status().workers(), 7);
  EXPECT_EQ(owner.use_count(), 2);
  service_.Show(cluster_.subject());
  EXPECT_EQ(Status().workers(), 2);
  EXPECT_EQ(owner.use_count(), 1) << "the one before is let go of";
}

}  // namespace
}  // namespace podnamed::admin
