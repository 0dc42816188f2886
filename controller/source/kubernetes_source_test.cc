#include "controller/source/kubernetes_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "controller/kube/test_api_server.h"
#include "controller/testing/record_map.h"
#include "controller/testing/record_text.h"

namespace podnamed::controller {
namespace {

using namespace std::chrono_literals;
using Kind = kube::TestFault::Kind;

constexpr const char* kNamespaces = "/api/v1/namespaces";
constexpr const char* kServices = "/api/v1/services";
constexpr const char* kSlices = "/apis/discovery.k8s.io/v1/endpointslices";
constexpr const char* kPods = "/api/v1/pods";
constexpr absl::Duration kPatience = absl::Seconds(20);

// A cluster at a real API server, and what the source makes of it.
class KubernetesSourceTest : public ::testing::Test {
 protected:
  KubernetesSourceTest() {
    options_.http.reply_deadline = 2s;
    options_.list_watch = {
        .first_wait = 5ms, .max_wait = 50ms, .refused_wait = 50ms, .healthy_after = 50ms, .silence = 200ms};
    options_.confirm_after = 20ms;
    PutNamespace("default");
  }

  void Start() {
    source_.emplace(server_.access(), options_,
                    SourceListener{.publish =
                                       [this](const std::vector<feed::v1::Op>& ops, absl::Time origin_time) {
                                         absl::MutexLock lock(&mutex_);
                                         const std::string noise = state_.Apply(ops);
                                         EXPECT_TRUE(may_repeat_ || noise.empty()) << noise;
                                         text_ = ToText(state_.Records());
                                         ++publications_;
                                         origin_time_ = origin_time;
                                       },
                                   .complete =
                                       [this] {
                                         absl::MutexLock lock(&mutex_);
                                         is_complete_ = true;
                                       },
                                   .lost =
                                       [this](std::chrono::steady_clock::time_point since, const std::string& why) {
                                         absl::MutexLock lock(&mutex_);
                                         lost_since_ = since;
                                         losses_.push_back(why);
                                       },
                                   .found =
                                       [this] {
                                         absl::MutexLock lock(&mutex_);
                                         losses_.emplace_back("found");
                                       }},
                    &metrics_);
    ASSERT_TRUE(source_->Start().ok());
  }

  bool Until(const std::function<bool()>& is_so) {
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&is_so), kPatience);
  }
  // What no publication tells.
  static bool Soon(const std::function<bool()>& is_so) {
    const absl::Time end = absl::Now() + kPatience;
    while (!is_so()) {
      if (absl::Now() > end) return false;
      absl::SleepFor(absl::Milliseconds(1));
    }
    return true;
  }
  bool UntilComplete() {
    return Until([this] { return is_complete_; });
  }
  bool UntilText(const std::string& text) {
    return Until([&] { return text_ == text; });
  }
  std::string Text() {
    absl::MutexLock lock(&mutex_);
    return text_;
  }

  void PutNamespace(const std::string& name) {
    k8s::core::v1::Namespace object;
    object.mutable_metadata()->set_name(name);
    server_.Put(kNamespaces, object);
  }
  void PutService(const std::string& name, const std::string& uid = "s") {
    k8s::core::v1::Service object;
    object.mutable_metadata()->set_namespace_("default");
    object.mutable_metadata()->set_name(name);
    object.mutable_metadata()->set_uid(uid);
    object.mutable_spec()->set_cluster_ip("None");
    server_.Put(kServices, object);
  }
  // Of a service: a slice of this name with these pods, "web-0" to "10.0.0.1".
  void PutSlice(const std::string& name, const std::string& service, const std::map<std::string, std::string>& pods,
                const std::string& trigger_time = "") {
    k8s::discovery::v1::EndpointSlice object;
    object.mutable_metadata()->set_namespace_("default");
    object.mutable_metadata()->set_name(name);
    (*object.mutable_metadata()->mutable_labels())["kubernetes.io/service-name"] = service;
    if (!trigger_time.empty()) {
      (*object.mutable_metadata()->mutable_annotations())["endpoints.kubernetes.io/last-change-trigger-time"] =
          trigger_time;
    }
    object.set_address_type("IPv4");
    for (const auto& [pod, address] : pods) {
      k8s::discovery::v1::Endpoint& endpoint = *object.add_endpoints();
      endpoint.add_addresses(address);
      endpoint.set_hostname(pod);
      endpoint.mutable_conditions()->set_ready(true);
      endpoint.mutable_target_ref()->set_kind("Pod");
      endpoint.mutable_target_ref()->set_name(pod);
      endpoint.mutable_target_ref()->set_uid("uid of " + pod);
    }
    server_.Put(kSlices, object);
  }
  // Of the metric with that label; -1 if there is none.
  double Value(const std::string& name, const std::string& label) const {
    for (const prometheus::MetricFamily& family : registry_.Collect()) {
      for (const prometheus::ClientMetric& metric : family.metric) {
        const bool is_it = absl::c_any_of(metric.label, [&](const auto& pair) { return pair.value == label; });
        if (family.name == name && is_it) return metric.counter.value + metric.gauge.value;
      }
    }
    return -1;
  }
  static std::string Identity(const std::string& pod, const std::string& address) {
    return absl::StrCat("identity default/nginx/", pod, " pod host=", pod, " ", address, " ready serving #",
                        pod.substr(pod.find('-') + 1), " uid=uid of ", pod, "\n");
  }

  kube::TestApiServer server_;
  KubernetesSourceOptions options_;
  absl::Mutex mutex_;
  RecordMap state_;
  std::string text_;
  int publications_ = 0;
  absl::Time origin_time_;  // of the last one
  prometheus::Registry registry_;
  SourceMetrics metrics_{registry_, "kubernetes"};
  bool is_complete_ = false;
  std::vector<std::string> losses_;  // as they were told
  std::chrono::steady_clock::time_point lost_since_;
  bool may_repeat_ = false;  // what was held is said again when it comes back
  std::optional<KubernetesSource> source_;
};

const char kEmptyService[] =
    "namespace default\n"
    "service default/nginx headless uid=s\n";

TEST_F(KubernetesSourceTest, FollowsAStatefulSetThroughItsLife) {
  PutService("nginx");
  PutSlice("nginx-a", "nginx", {{"web-0", "10.0.0.1"}});
  Start();
  ASSERT_TRUE(UntilComplete());
  EXPECT_EQ(Text(), kEmptyService + Identity("web-0", "10.0.0.1")) << "complete is whole";
  PutSlice("nginx-a", "nginx", {{"web-0", "10.0.0.9"}, {"web-1", "10.0.0.2"}});
  EXPECT_TRUE(UntilText(kEmptyService + Identity("web-0", "10.0.0.9") + Identity("web-1", "10.0.0.2")));
  PutSlice("nginx-a", "nginx", {{"web-0", "10.0.0.9"}});
  EXPECT_TRUE(UntilText(kEmptyService + Identity("web-0", "10.0.0.9")));
  server_.Delete(kServices, "default", "nginx");
  EXPECT_TRUE(UntilText("namespace default\n"));
  PutService("nginx", "s");
  EXPECT_TRUE(UntilText(kEmptyService + Identity("web-0", "10.0.0.9"))) << "the slices were there first";
}

TEST_F(KubernetesSourceTest, IsNotCompleteBeforeEveryKindHasBeenListed) {
  PutService("nginx");
  server_.Add({.kind = Kind::kStatus, .target = kSlices, .code = 403, .reason = "Forbidden", .times = -1});
  Start();
  ASSERT_TRUE(Soon([&] { return Value("podname_controller_kubernetes_objects", "services") == 1; }))
      << "the others go on";
  ASSERT_TRUE(Soon([&] { return Value("podname_controller_source_errors_total", "forbidden") > 1; }));
  {
    absl::MutexLock lock(&mutex_);
    EXPECT_FALSE(is_complete_);
    EXPECT_EQ(publications_, 0);
  }
  server_.ClearFaults();
  EXPECT_TRUE(UntilComplete());
  EXPECT_EQ(Text(), kEmptyService);
}

TEST_F(KubernetesSourceTest, FollowsPodsForThoseWhoAskForThem) {
  options_.resources.pods = true;
  k8s::core::v1::Pod pod;
  pod.mutable_metadata()->set_namespace_("default");
  pod.mutable_metadata()->set_name("debug");
  pod.mutable_status()->add_pod_ips()->set_ip("10.0.0.7");
  server_.Put(kPods, pod);
  Start();
  ASSERT_TRUE(UntilComplete());
  EXPECT_EQ(Text(), "namespace default\npod default/debug 10.0.0.7\n");
}

TEST_F(KubernetesSourceTest, SaysWhichObjectARecordIsFrom) {
  PutService("nginx");
  PutSlice("nginx-a", "nginx", {{"web-0", "10.0.0.1"}});
  Start();
  ASSERT_TRUE(UntilComplete());
  feed::v1::Key key;
  key.set_kind(feed::v1::Key::POD_IDENTITY);
  key.set_namespace_("default");
  key.set_service("nginx");
  key.set_name("web-0");
  EXPECT_EQ(source_->PlaceOf(key), "EndpointSlice default/nginx-a");
}

TEST_F(KubernetesSourceTest, AChangeBeginsWhenTheControlPlaneSawIt) {
  PutService("nginx");
  Start();
  ASSERT_TRUE(UntilComplete());
  const absl::Time started = absl::Now();
  PutSlice("nginx-a", "nginx", {{"web-0", "10.0.0.1"}}, "2026-11-23T10:00:00.123456789Z");
  ASSERT_TRUE(UntilText(kEmptyService + Identity("web-0", "10.0.0.1")));
  absl::Time triggered;
  ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, "2026-11-23T10:00:00.123456789Z", &triggered, nullptr));
  {
    absl::MutexLock lock(&mutex_);
    EXPECT_EQ(origin_time_, triggered);
  }
  PutSlice("nginx-a", "nginx", {{"web-0", "10.0.0.2"}}, "2999-01-01T00:00:00Z");
  ASSERT_TRUE(UntilText(kEmptyService + Identity("web-0", "10.0.0.2")));
  PutSlice("nginx-a", "nginx", {{"web-0", "10.0.0.3"}}, "yesterday");
  ASSERT_TRUE(UntilText(kEmptyService + Identity("web-0", "10.0.0.3")));
  absl::MutexLock lock(&mutex_);
  EXPECT_GE(origin_time_, started) << "a clock that is ahead, or no time at all: when it came";
  EXPECT_LE(origin_time_, absl::Now());
}

TEST_F(KubernetesSourceTest, CountsListsWatchesObjectsAndErrors) {
  PutService("nginx");
  server_.Add({.kind = Kind::kStatus, .target = kServices, .code = 403, .reason = "Forbidden"});
  Start();
  ASSERT_TRUE(UntilComplete());
  ASSERT_TRUE(Soon([&] { return Value("podname_controller_kubernetes_watches_total", "services") == 1; }));
  EXPECT_EQ(Value("podname_controller_kubernetes_lists_total", "services"), 1);
  EXPECT_EQ(Value("podname_controller_kubernetes_following", "services"), 1);
  EXPECT_EQ(Value("podname_controller_kubernetes_objects", "services"), 1);
  EXPECT_EQ(Value("podname_controller_source_errors_total", "forbidden"), 1);
  EXPECT_EQ(Value("coredns_kubernetes_rest_client_requests_total", "403"), 1);
  EXPECT_GE(Value("coredns_kubernetes_rest_client_requests_total", "200"), 2) << "lists and watches";
}

TEST_F(KubernetesSourceTest, ARelistRemovesNothingThatIsThere) {
  PutService("nginx");
  for (int i = 0; i < 10; ++i) {
    PutSlice(absl::StrCat("nginx-", i), "nginx", {{absl::StrCat("web-", i), absl::StrCat("10.0.0.", i + 1)}});
  }
  Start();
  ASSERT_TRUE(UntilComplete());
  const int publications = [this] {
    absl::MutexLock lock(&mutex_);
    return publications_;
  }();
  constexpr int kKinds = 3;
  server_.Add(
      {.kind = Kind::kErrorEvent, .target = "&resourceVersion=", .code = 410, .reason = "Expired", .times = kKinds});
  server_.CutConnections();
  const auto lists = [this] {
    return absl::c_count_if(server_.requests(),
                            [](const std::string& target) { return absl::StrContains(target, "sendInitialEvents"); });
  };
  ASSERT_TRUE(Soon([&] { return lists() == 2 * kKinds; }));
  PutService("later");
  EXPECT_TRUE(Until([&] { return absl::StrContains(text_, "service default/later"); }));
  absl::MutexLock lock(&mutex_);
  EXPECT_EQ(publications_, publications + 1) << "what came again as it was changed nothing";
}

TEST_F(KubernetesSourceTest, SaysThatTheServerIsLostAndFound) {
  options_.loss_grace = 200ms;
  PutService("nginx");
  Start();
  ASSERT_TRUE(UntilComplete());
  const auto before = std::chrono::steady_clock::now();
  server_.Add({.kind = Kind::kStatus, .target = "/api", .code = 503, .reason = "Unavailable", .times = -1});
  server_.CutConnections();
  ASSERT_TRUE(Until([this] { return !losses_.empty(); }));
  {
    absl::MutexLock lock(&mutex_);
    EXPECT_GE(lost_since_, before);
    EXPECT_GE(std::chrono::steady_clock::now() - lost_since_, 200ms);
    EXPECT_THAT(losses_.front(), ::testing::ContainsRegex("(namespaces|services|endpointslices): API server .*"));
  }
  PutService("later");
  server_.ClearFaults();
  ASSERT_TRUE(Until([this] { return losses_.back() == "found"; }));
}

TEST_F(KubernetesSourceTest, SaysThatAServerThatNeverAnsweredIsLost) {
  options_.loss_grace = 50ms;
  server_.Add({.kind = Kind::kStatus, .target = kSlices, .code = 403, .reason = "Interdit\xe9", .times = -1});
  Start();
  ASSERT_TRUE(Until([this] { return !losses_.empty() && absl::StrContains(losses_.back(), "grant list and watch"); }));
  {
    absl::MutexLock lock(&mutex_);
    EXPECT_THAT(losses_.back(), ::testing::HasSubstr("403 Interdit?")) << "which a field of protobuf may hold";
  }
  server_.ClearFaults();
  EXPECT_TRUE(Until([this] { return losses_.back() == "found" && is_complete_; }));
}

// Watches that end, versions that expire, and a server that is away for a moment.
TEST_F(KubernetesSourceTest, AShortInterruptionIsNoLoss) {
  options_.loss_grace = 5s;
  PutService("nginx");
  Start();
  ASSERT_TRUE(UntilComplete());
  constexpr int kKinds = 3;
  server_.Add({.kind = Kind::kEnd, .target = "&resourceVersion=", .times = kKinds});
  server_.Add({.kind = Kind::kStatus, .target = "/api", .code = 503, .reason = "Unavailable", .times = kKinds});
  server_.Add({.kind = Kind::kErrorEvent, .target = "&resourceVersion=", .code = 410, .reason = "Expired", .times = 1});
  server_.CutConnections();
  PutService("later");
  EXPECT_TRUE(Until([&] { return absl::StrContains(text_, "service default/later"); }));
  ASSERT_TRUE(Soon([this] {
    return absl::c_count_if(server_.requests(), [](const std::string& target) {
             return absl::StrContains(target, "sendInitialEvents");
           }) > kKinds;
  }));
  absl::MutexLock lock(&mutex_);
  EXPECT_THAT(losses_, ::testing::IsEmpty());
}

// Whatever it waits for: a stop takes moments.
class StopTest : public KubernetesSourceTest {
 protected:
  void ExpectToStopSoon(kube::Access access) {
    options_.http = {};
    KubernetesSource source(std::move(access), options_, SourceListener{.publish = [](auto, auto) {}});
    ASSERT_TRUE(source.Start().ok());
    absl::SleepFor(absl::Milliseconds(100));
    stopped_at_ = absl::Now();
  }
  void TearDown() override { EXPECT_LT(absl::Now() - stopped_at_, absl::Seconds(2)); }

  absl::Time stopped_at_ = absl::InfinitePast();
};

TEST_F(StopTest, WhileTheServerAcceptsAndSaysNothing) {
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor acceptor(context, {boost::asio::ip::make_address("127.0.0.1"), 0});
  kube::Access access = server_.access();
  access.port = acceptor.local_endpoint().port();
  ExpectToStopSoon(access);
}

TEST_F(StopTest, WhileAReplyDoesNotBegin) {
  server_.Add({.kind = Kind::kHang, .target = "/api", .times = -1});
  ExpectToStopSoon(server_.access());
}

TEST_F(StopTest, WhileAPluginDoesNotEnd) {
  kube::Access access = server_.access();
  access.exec = {.api_version = "client.authentication.k8s.io/v1", .command = "/bin/sleep", .arguments = {"1000"}};
  ExpectToStopSoon(access);
}

class HoldTest : public KubernetesSourceTest {
 protected:
  HoldTest() {
    may_repeat_ = true;
    options_.removals = {.percent = 50, .count = 5};
    empty_ = server_.revision();
    PutCluster();
  }
  void PutCluster() {
    PutService("nginx");
    std::map<std::string, std::string> pods;
    for (int i = 0; i < 10; ++i) pods.emplace(absl::StrCat("web-", i), absl::StrCat("10.0.0.", i + 1));
    PutSlice("nginx-a", "nginx", pods);
  }
  // web-10 to web-15, each in a slice of its own.
  void PutSixMore() {
    for (int i = 10; i < 16; ++i) {
      PutSlice(absl::StrCat("later-", i), "nginx", {{absl::StrCat("web-", i), absl::StrCat("10.0.0.", i + 1)}});
    }
  }
  void DeleteSixMore() {
    for (int i = 10; i < 16; ++i) server_.Delete(kSlices, "default", absl::StrCat("later-", i));
  }
  bool HasPods() { return absl::StrContains(Text(), "web-9"); }
  bool UntilHeld() {
    return Soon([this] { return source_->held().held() > 0; });
  }

  uint64_t empty_;
};

TEST_F(HoldTest, AServerThatLostItsMemoryTakesNothingWithItUntilASecondListSaysTheSame) {
  options_.confirm_after = 1h;
  Start();
  ASSERT_TRUE(UntilComplete());
  server_.Restore(empty_);
  server_.CutConnections();
  ASSERT_TRUE(UntilHeld());
  EXPECT_TRUE(HasPods());
  const hold::v1::GetResponse held = source_->held();
  EXPECT_GE(held.held(), 10);
  EXPECT_GE(held.records(), held.held());
  EXPECT_THAT(held.examples(), ::testing::SizeIs(3));
}

TEST_F(HoldTest, ASecondListConfirms) {
  Start();
  ASSERT_TRUE(UntilComplete());
  server_.Restore(empty_);
  server_.CutConnections();
  EXPECT_TRUE(UntilText("namespace default\n"));
  EXPECT_EQ(source_->held().held(), 0);
}

// The confirming list of the slices comes last, and its server has lost more by then.
TEST_F(HoldTest, WhatTheSecondListRemovesOnTopWaitsForAThird) {
  options_.confirm_after = 300ms;
  PutSixMore();
  Start();
  ASSERT_TRUE(UntilComplete());
  server_.Delete(kSlices, "default", "nginx-a");
  ASSERT_TRUE(UntilHeld());
  // The kinds that know nothing of it are listed before the slices are.
  server_.Add({.kind = Kind::kStatus, .target = kSlices, .code = 503, .reason = "Unavailable", .times = -1});
  ASSERT_TRUE(Soon([this] {
    return absl::c_count_if(server_.requests(), [](const std::string& target) {
             return absl::StartsWith(target, kSlices) && absl::StrContains(target, "sendInitialEvents");
           }) > 1;
  }));
  DeleteSixMore();
  server_.ClearFaults();
  ASSERT_TRUE(Soon([this] { return source_->held().held() == 16; }));
  EXPECT_TRUE(absl::StrContains(Text(), "web-15")) << "it was gone from one list only";
  EXPECT_TRUE(UntilText(kEmptyService)) << "and from a second now";
}

// Pods are there before the slices that name them, then their own records give way to identities.
TEST_F(HoldTest, APodThatAnIdentityNamesIsNotGone) {
  options_.resources.pods = true;
  for (int i = 0; i < 10; ++i) {
    k8s::core::v1::Pod pod;
    pod.mutable_metadata()->set_namespace_("default");
    pod.mutable_metadata()->set_name(absl::StrCat("web-", i));
    pod.mutable_status()->add_pod_ips()->set_ip(absl::StrCat("10.0.0.", i + 1));
    server_.Put(kPods, pod);
  }
  server_.Delete(kSlices, "default", "nginx-a");
  Start();
  ASSERT_TRUE(UntilComplete());
  ASSERT_TRUE(absl::StrContains(Text(), "\npod default/web-9"));
  PutCluster();
  EXPECT_TRUE(Until([this] { return !absl::StrContains(text_, "\npod "); }));
  EXPECT_TRUE(absl::StrContains(Text(), "identity default/nginx/web-9"));
  EXPECT_EQ(source_->held().held(), 0);
}

TEST_F(HoldTest, WhatIsHeldLaterWaitsAsLong) {
  options_.confirm_after = 1500ms;
  PutSixMore();
  Start();
  ASSERT_TRUE(UntilComplete());
  server_.Delete(kSlices, "default", "nginx-a");
  ASSERT_TRUE(UntilHeld());
  absl::SleepFor(absl::Milliseconds(1300));
  const absl::Time last = absl::Now();
  DeleteSixMore();
  EXPECT_TRUE(UntilText(kEmptyService));
  EXPECT_GE(absl::Now() - last, absl::Milliseconds(1500));
}

TEST_F(HoldTest, WhatComesBackWasNeverGone) {
  options_.confirm_after = 1h;
  Start();
  ASSERT_TRUE(UntilComplete());
  const std::string before = Text();
  server_.Restore(empty_);
  server_.CutConnections();
  ASSERT_TRUE(UntilHeld());
  PutCluster();
  ASSERT_TRUE(Soon([this] { return source_->held().held() == 0; }));
  EXPECT_TRUE(UntilText(before));
}

// A list that is refused says nothing of what is gone.
TEST_F(HoldTest, SaysWhichListASecondOneWaitsFor) {
  Start();
  ASSERT_TRUE(UntilComplete());
  ::testing::internal::CaptureStderr();
  server_.Add({.kind = Kind::kStatus, .target = kServices, .code = 403, .reason = "Forbidden", .times = -1});
  server_.Delete(kSlices, "default", "nginx-a");
  EXPECT_TRUE(Soon([this] {
    const hold::v1::GetResponse held = source_->held();
    return held.waits_for_size() == 1 && absl::StrContains(held.waits_for(0), "does not let");
  }));
  EXPECT_TRUE(HasPods());
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(source_->held().waits_for(), ::testing::ElementsAre(::testing::ContainsRegex(
                                               "services: API server .* does not let us (list|watch) services .*")));
  EXPECT_THAT(log, ::testing::ContainsRegex("STILL HOLDING the removal of [0-9]+ records, until a second list of all "
                                            "kinds: services: .*podnamectl release removes them now"));
  source_->ReleaseHeld();
  EXPECT_TRUE(UntilText(kEmptyService));

  PutCluster();
  ASSERT_TRUE(Until([this] { return absl::StrContains(text_, "web-9"); }));
  server_.Delete(kSlices, "default", "nginx-a");
  ASSERT_TRUE(UntilHeld());
  server_.ClearFaults();
  EXPECT_TRUE(UntilText(kEmptyService)) << "it has been listed";
  EXPECT_THAT(source_->held().waits_for(), ::testing::IsEmpty());
}

TEST_F(HoldTest, APersonMayReleaseIt) {
  options_.confirm_after = 1h;
  Start();
  ASSERT_TRUE(UntilComplete());
  server_.Restore(empty_);
  server_.CutConnections();
  ASSERT_TRUE(UntilHeld());
  source_->ReleaseHeld();
  EXPECT_TRUE(UntilText("namespace default\n"));
}

}  // namespace
}  // namespace podnamed::controller
