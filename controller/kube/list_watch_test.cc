#include "controller/kube/list_watch.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "absl/random/random.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "controller/kube/test_api_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/k8s/core/v1/core.pb.h"

namespace podnamed::kube {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using k8s::core::v1::Service;
using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = TestFault::Kind;

constexpr const char* kServices = "/api/v1/services";
constexpr auto kPatience = 20s;

// What is there, by mark and sweep: name to cluster IP.
class TestSink : public Sink {
 public:
  void OnRelistBegin() override {
    ++relists_begun;
    seen_.clear();
  }
  void OnRelistEnd() override {
    ++relists;
    std::erase_if(objects, [this](const auto& object) { return !seen_.contains(object.first); });
  }
  void OnObject(MessagePtr object) override {
    const auto& service = static_cast<const Service&>(*object);
    objects[service.metadata().name()] = service.spec().cluster_ip();
    seen_.insert(service.metadata().name());
    ++changes;
  }
  void OnDeleted(MessagePtr object) override { objects.erase(MetadataOf(*object).name()); }
  void OnSynced() override { is_synced = true; }
  void OnWatchBegin() override { ++watches; }
  void OnLost(const absl::Status& why, bool is_news) override {
    is_synced = false;
    ++failures;
    if (is_news) complaints.emplace_back(why.message());
  }

  std::map<std::string, std::string> objects;
  int relists_begun = 0;
  int relists = 0;
  int changes = 0;
  int watches = 0;
  int failures = 0;
  bool is_synced = false;
  std::vector<std::string> complaints;

 private:
  std::set<std::string> seen_;
};

class ListWatchTest : public ::testing::Test {
 protected:
  void TearDown() override {
    if (!list_watch_) return;
    cancel_.emit(asio::cancellation_type::terminal);
    EXPECT_TRUE(Until([this] { return has_ended_; }));
  }

  // The server, fast enough for a test.
  void Serve(TestServerOptions options = {}) { server_.emplace(std::move(options)); }

  void Follow(std::optional<Access> access = std::nullopt) {
    if (!server_) Serve();
    HttpClient client(context_.get_executor(), access ? *access : server_->access(), {.reply_deadline = 2s});
    list_watch_.emplace(std::move(client), Resource{"services", kServices, &Service::default_instance()}, sink_,
                        random_, options_);
    asio::co_spawn(
        context_, list_watch_->Run(),
        asio::bind_cancellation_slot(cancel_.slot(), [this](const std::exception_ptr&) { has_ended_ = true; }));
  }

  bool Until(const std::function<bool()>& is_done) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!is_done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      context_.run_one_for(5ms);
    }
    return true;
  }
  void RunFor(milliseconds time) { context_.run_for(time); }
  bool UntilNames(const std::string& name, const std::string& address) {
    return Until([&] { return sink_.objects.contains(name) && sink_.objects[name] == address; });
  }
  bool UntilSynced() {
    return Until([this] { return sink_.is_synced; });
  }

  static Service MakeService(const std::string& name, const std::string& address) {
    Service service;
    service.mutable_metadata()->set_namespace_("default");
    service.mutable_metadata()->set_name(name);
    service.mutable_spec()->set_cluster_ip(address);
    return service;
  }
  uint64_t Put(const std::string& name, const std::string& address) {
    if (!server_) Serve();
    return server_->Put(kServices, MakeService(name, address));
  }

  int Requests(const std::string& part) const {
    int count = 0;
    for (const std::string& target : server_->requests()) count += absl::StrContains(target, part) ? 1 : 0;
    return count;
  }
  std::string Complaint() const { return sink_.complaints.empty() ? "" : sink_.complaints.front(); }

  asio::io_context context_;
  absl::BitGen random_;
  std::optional<TestApiServer> server_;
  ListWatchOptions options_{
      .first_wait = 4ms, .max_wait = 100ms, .refused_wait = 300ms, .healthy_after = 100ms, .silence = 2s, .page = 3};
  TestSink sink_;
  std::optional<ListWatch> list_watch_;
  asio::cancellation_signal cancel_;
  bool has_ended_ = false;
};

TEST_F(ListWatchTest, FollowsAddsChangesAndDeletes) {
  Put("web", "10.0.0.1");
  Follow();
  ASSERT_TRUE(UntilSynced());
  EXPECT_THAT(sink_.objects, ElementsAre(std::pair("web", "10.0.0.1")));
  Put("db", "10.0.0.2");
  Put("web", "10.0.0.3");
  EXPECT_TRUE(UntilNames("web", "10.0.0.3"));
  server_->Delete(kServices, "default", "db");
  EXPECT_TRUE(Until([this] { return !sink_.objects.contains("db"); }));
  EXPECT_EQ(sink_.relists, 1);
  EXPECT_EQ(Requests(""), 1) << "one request: a stream of initial events that goes on as a watch";
}

TEST_F(ListWatchTest, ListsInPagesWhereTheServerHasNoWatchList) {
  Serve({.has_watch_list = false});
  for (int i = 0; i < 10; ++i) Put(absl::StrCat("web-", i), "10.0.0.1");
  Follow();
  ASSERT_TRUE(UntilSynced());
  EXPECT_EQ(sink_.objects.size(), 10);
  EXPECT_EQ(Requests("limit=3"), 4);
  Put("db", "10.0.0.2");
  EXPECT_TRUE(UntilNames("db", "10.0.0.2"));
  EXPECT_THAT(sink_.complaints, IsEmpty());
  EXPECT_EQ(server_->connections(), 2) << "one that asked for a watch list and was refused, one for all else";
}

TEST_F(ListWatchTest, SpeaksJsonWhereTheServerDoesNotSpeakProtobuf) {
  for (const bool has_watch_list : {true, false}) {
    SCOPED_TRACE(has_watch_list);
    TestApiServer server({.has_watch_list = has_watch_list, .speaks_protobuf = false});
    server.Put(kServices, MakeService("web", "10.0.0.1"));
    TestSink sink;
    HttpClient client(context_.get_executor(), server.access());
    ListWatch list_watch(std::move(client), Resource{"services", kServices, &Service::default_instance()}, sink,
                         random_, options_);
    asio::cancellation_signal cancel;
    bool has_ended = false;
    asio::co_spawn(context_, list_watch.Run(),
                   asio::bind_cancellation_slot(cancel.slot(), [&](const std::exception_ptr&) { has_ended = true; }));
    EXPECT_TRUE(Until([&] { return sink.is_synced; }));
    server.Put(kServices, MakeService("db", "10.0.0.2"));
    EXPECT_TRUE(Until([&] { return sink.objects.size() == 2; }));
    cancel.emit(asio::cancellation_type::terminal);
    EXPECT_TRUE(Until([&] { return has_ended; }));
  }
}

TEST_F(ListWatchTest, SendsItsLabelSelectorEscaped) {
  Serve();
  HttpClient client(context_.get_executor(), server_->access());
  Resource resource{"services", kServices, &Service::default_instance()};
  resource.label_selector = "app in (a, b)";
  list_watch_.emplace(std::move(client), resource, sink_, random_, options_);
  asio::co_spawn(
      context_, list_watch_->Run(),
      asio::bind_cancellation_slot(cancel_.slot(), [this](const std::exception_ptr&) { has_ended_ = true; }));
  ASSERT_TRUE(UntilSynced());
  EXPECT_THAT(server_->requests(), Contains(HasSubstr("&labelSelector=app%20in%20%28a%2C%20b%29")));
}

TEST_F(ListWatchTest, GoesOnWhereABookmarkWas) {
  Put("web", "10.0.0.1");
  Follow();
  ASSERT_TRUE(UntilSynced());
  server_->Put("/api/v1/pods", MakeService("another", ""));  // moves the version, and only bookmarks tell of it
  RunFor(100ms);
  server_->Compact();
  RunFor(100ms);
  server_->CutConnections();
  ASSERT_TRUE(Until([this] { return Requests("resourceVersion=") > 0; }));
  Put("db", "10.0.0.2");
  EXPECT_TRUE(UntilNames("db", "10.0.0.2"));
  EXPECT_EQ(sink_.relists, 1) << "a bookmark has carried the version over the compaction";
}

TEST_F(ListWatchTest, ListsAgainWhenItsVersionHasExpired) {
  Serve({.bookmark_interval = 0ms});
  Put("web", "10.0.0.1");
  Put("db", "10.0.0.2");
  Follow();
  ASSERT_TRUE(UntilSynced());
  // What happens while the watch is away is seen by the list alone.
  server_->Add({.kind = Kind::kHang, .target = "resourceVersion="});
  server_->CutConnections();
  ASSERT_TRUE(Until([this] { return Requests("resourceVersion=") > 0; }));
  server_->Delete(kServices, "default", "db");
  server_->Compact();
  EXPECT_TRUE(Until([this] { return sink_.relists == 2; }));
  EXPECT_THAT(sink_.objects, ElementsAre(std::pair("web", "10.0.0.1")));
  EXPECT_TRUE(sink_.is_synced);
}

TEST_F(ListWatchTest, TakesARefusalOfItsVersionForExpiry) {
  Put("web", "10.0.0.1");
  Follow();
  ASSERT_TRUE(UntilSynced());
  server_->Add({.kind = Kind::kStatus, .target = "&resourceVersion=", .code = 410, .reason = "Gone"});
  server_->CutConnections();
  EXPECT_TRUE(Until([this] { return sink_.relists == 2; }));
}

TEST_F(ListWatchTest, ListsInLargerPagesWhenAContinueTokenExpires) {
  Serve({.has_watch_list = false});
  for (int i = 0; i < 10; ++i) Put(absl::StrCat("web-", i), "10.0.0.1");
  server_->Add({.kind = Kind::kStatus, .target = "continue=", .code = 410, .reason = "Expired"});
  Follow();
  ASSERT_TRUE(UntilSynced());
  EXPECT_EQ(sink_.objects.size(), 10);
  EXPECT_EQ(sink_.relists, 1) << "the list that broke off has swept nothing";
  EXPECT_EQ(sink_.relists_begun, 2);
  EXPECT_EQ(Requests("limit=30"), 1);
}

TEST_F(ListWatchTest, KeepsWhatItKnowsWhenAListBreaksOff) {
  Serve({.has_watch_list = false, .bookmark_interval = 0ms});
  for (int i = 0; i < 10; ++i) Put(absl::StrCat("web-", i), "10.0.0.1");
  Follow();
  ASSERT_TRUE(UntilSynced());
  ASSERT_TRUE(Until([this] { return Requests("&resourceVersion=") == 1; }));
  server_->Add({.kind = Kind::kCut, .target = "limit=3", .code = 60, .times = 5});
  server_->Add({.kind = Kind::kErrorEvent, .target = "watch=true&", .code = 410, .reason = "Expired"});
  server_->CutConnections();
  ASSERT_TRUE(Until([this] { return sink_.relists_begun >= 4; }));
  EXPECT_EQ(sink_.objects.size(), 10);
  ASSERT_TRUE(Until([this] { return sink_.relists == 2; }));
  EXPECT_EQ(sink_.objects.size(), 10);
}

TEST_F(ListWatchTest, GoesOnAfterAResetInTheMiddleOfAFrame) {
  Put("web", "10.0.0.1");
  server_->Add({.kind = Kind::kCut, .target = "watch=true", .code = 20, .times = 2});
  Follow();
  ASSERT_TRUE(UntilSynced());
  EXPECT_EQ(sink_.objects.size(), 1);
  EXPECT_THAT(Complaint(), HasSubstr("the reply broke off"));
}

TEST_F(ListWatchTest, StopsAskingForAWatchListThatNeverEnds) {
  Put("web", "10.0.0.1");
  server_->Add({.kind = Kind::kCut, .target = "sendInitialEvents", .code = 20, .times = -1});
  Follow();
  ASSERT_TRUE(UntilSynced());
  EXPECT_EQ(Requests("sendInitialEvents"), 3);
  EXPECT_EQ(Requests("limit="), 1);
}

TEST_F(ListWatchTest, ListsInPagesWhereWatchListsDoNotWork) {
  // kube-apiserver 1.34 on etcd 3.4 offers them, and fails.
  Put("web", "10.0.0.1");
  server_->Add({.kind = Kind::kErrorEvent, .target = "sendInitialEvents", .code = 500, .reason = "InternalError"});
  Follow();
  ASSERT_TRUE(UntilSynced());
  EXPECT_EQ(Requests("sendInitialEvents"), 1);
  EXPECT_EQ(Requests("limit="), 1);
  EXPECT_THAT(sink_.complaints, IsEmpty());
}

TEST_F(ListWatchTest, ListsInPagesWhereInitialEventsHaveNoEnd) {
  // kube-apiserver before 1.27 does not look at parameters that it does not know.
  options_.list_silence = 50ms;
  Put("web", "10.0.0.1");
  server_->Add({.kind = Kind::kMute, .target = "sendInitialEvents"});
  Follow();
  ASSERT_TRUE(UntilSynced());
  EXPECT_EQ(Requests("sendInitialEvents"), 1);
  EXPECT_EQ(sink_.objects.size(), 1);
  EXPECT_THAT(sink_.complaints, IsEmpty());
}

TEST_F(ListWatchTest, WaitsAsLongAsRetryAfterSays) {
  Put("web", "10.0.0.1");
  server_->Add(
      {.kind = Kind::kStatus, .target = "", .code = 429, .reason = "TooManyRequests", .headers = "Retry-After: 1\r\n"});
  const auto start = std::chrono::steady_clock::now();
  Follow();
  ASSERT_TRUE(UntilSynced());
  EXPECT_GE(std::chrono::steady_clock::now() - start, 1s);
  EXPECT_EQ(Requests(""), 2);
  EXPECT_THAT(Complaint(), HasSubstr("429 TooManyRequests"));
}

TEST_F(ListWatchTest, NamesTheRightThatIsMissing) {
  Put("web", "10.0.0.1");
  server_->Add({.kind = Kind::kStatus, .target = "", .code = 403, .reason = "Forbidden", .times = 2});
  Follow();
  ASSERT_TRUE(Until([this] { return !sink_.complaints.empty(); }));
  EXPECT_THAT(Complaint(), HasSubstr("does not let us watch services (403 Forbidden: the test says Forbidden): grant "
                                     "list and watch on services in a ClusterRole"));
  RunFor(200ms);
  EXPECT_EQ(Requests(""), 1) << "a person has to put that right: no hurry";
  EXPECT_TRUE(UntilSynced());
  EXPECT_EQ(sink_.complaints.size(), 1) << "the same is said once";
  EXPECT_EQ(sink_.failures, 2) << "and counted twice";
}

TEST_F(ListWatchTest, SaysThatAResourceDoesNotExist) {
  server_.emplace();
  server_->Add({.kind = Kind::kStatus, .target = "", .code = 404, .reason = "NotFound"});
  Follow();
  ASSERT_TRUE(UntilSynced());
  EXPECT_THAT(Complaint(), HasSubstr("has no services at /api/v1/services"));
}

TEST_F(ListWatchTest, SurvivesAServerThatFails) {
  Put("web", "10.0.0.1");
  for (const int code : {500, 502, 503, 504}) {
    server_->Add({.kind = Kind::kStatus, .target = "", .code = code, .reason = "Failure"});
  }
  Follow();
  ASSERT_TRUE(UntilSynced());
  EXPECT_EQ(Requests("sendInitialEvents"), 1) << "500 may be about these";
  EXPECT_EQ(Requests("limit="), 4);
}

TEST_F(ListWatchTest, SurvivesErrorEvents) {
  Put("web", "10.0.0.1");
  Follow();
  ASSERT_TRUE(UntilSynced());
  server_->Add({.kind = Kind::kErrorEvent, .target = "watch=true", .code = 500, .reason = "InternalError"});
  server_->CutConnections();
  ASSERT_TRUE(Until([this] { return sink_.complaints.size() == 2; }));
  EXPECT_THAT(sink_.complaints.back(), HasSubstr("500 InternalError"));
  Put("db", "10.0.0.2");
  EXPECT_TRUE(UntilNames("db", "10.0.0.2"));
  EXPECT_EQ(sink_.relists, 1);
}

TEST_F(ListWatchTest, ListsAgainWhenNoWatchCanBeHadFromItsVersion) {
  Put("web", "10.0.0.1");
  Follow();
  ASSERT_TRUE(UntilSynced());
  server_->Add(
      {.kind = Kind::kStatus, .target = "&resourceVersion=", .code = 400, .reason = "BadRequest", .times = -1});
  server_->CutConnections();
  ASSERT_TRUE(Until([this] { return sink_.relists == 2; }));
  EXPECT_EQ(Requests("&resourceVersion="), 3);
}

TEST_F(ListWatchTest, DoesNotFollowAPageThatNamesItselfAsTheNext) {
  Serve({.has_watch_list = false, .repeats_pages = true});
  for (int i = 0; i < 10; ++i) Put(absl::StrCat("web-", i), "10.0.0.1");
  Follow();
  ASSERT_TRUE(Until([this] { return !sink_.complaints.empty(); }));
  EXPECT_THAT(Complaint(), HasSubstr("names itself as the next one"));
}

TEST_F(ListWatchTest, DoesNotHammerAServerWhoseWatchesEndAtOnce) {
  Put("web", "10.0.0.1");
  options_.first_wait = 20ms;
  options_.max_wait = 10s;
  Follow();
  ASSERT_TRUE(UntilSynced());
  server_->Add({.kind = Kind::kEnd, .target = "watch=true", .times = -1});
  server_->CutConnections();
  RunFor(1000ms);
  // Waits of 10 ms at least, 15 on average, then twice that and so on: a second has room for about seven of them.
  EXPECT_LE(Requests("watch=true"), 20);
  EXPECT_GE(Requests("watch=true"), 3);
  server_->ClearFaults();
}

TEST_F(ListWatchTest, HurriesAgainAfterHealth) {
  Put("web", "10.0.0.1");
  options_.first_wait = 1ms;
  options_.max_wait = 1h;
  options_.healthy_after = 50ms;
  Follow();
  ASSERT_TRUE(UntilSynced());
  // Without a reset the waits would add up to about half a minute here.
  for (int i = 0; i < 15; ++i) {
    RunFor(80ms);
    const int requests = Requests("resourceVersion=");
    server_->CutConnections();
    ASSERT_TRUE(Until([&] { return Requests("resourceVersion=") > requests; }));
    ASSERT_TRUE(UntilSynced());
  }
}

TEST_F(ListWatchTest, FindsAWatchThatHasFallenSilent) {
  Put("web", "10.0.0.1");
  options_.silence = 150ms;
  Follow();
  ASSERT_TRUE(UntilSynced());
  server_->Add({.kind = Kind::kMute, .target = "watch=true"});
  server_->CutConnections();
  ASSERT_TRUE(Until([this] { return Requests("resourceVersion=") == 1; }));
  Put("db", "10.0.0.2");
  EXPECT_TRUE(UntilNames("db", "10.0.0.2"));
  EXPECT_EQ(Requests("limit=1"), 2) << "it asks where the server is, after the loss and in the silence";
  EXPECT_EQ(sink_.relists, 1);
}

TEST_F(ListWatchTest, ListsAgainWhenTheServerWasRestoredFromABackup) {
  options_.silence = 150ms;
  Put("web", "10.0.0.1");
  const uint64_t backup = server_->revision();
  for (int i = 0; i < 20; ++i) Put("db", absl::StrCat("10.0.0.", i));
  Follow();
  ASSERT_TRUE(UntilSynced());
  server_->Restore(backup);
  ASSERT_TRUE(Until([this] { return !sink_.objects.contains("db"); }));
  EXPECT_THAT(sink_.complaints.back(), HasSubstr("resourceVersion"));
  Put("cache", "10.0.0.9");
  EXPECT_TRUE(UntilNames("cache", "10.0.0.9"));
}

TEST_F(ListWatchTest, WaitsForAServerThatIsNotThereYet) {
  Access access;
  {
    TestApiServer gone;
    access = gone.access();
  }
  Follow(access);
  ASSERT_TRUE(Until([this] { return !sink_.complaints.empty(); }));
  EXPECT_THAT(Complaint(), HasSubstr("cannot connect: Connection refused"));
  RunFor(50ms);
  EXPECT_EQ(sink_.complaints.size(), 1);
}

TEST_F(ListWatchTest, SaysThatItsCredentialsAreRefused) {
  Put("web", "10.0.0.1");
  Follow();
  ASSERT_TRUE(UntilSynced());
  server_->SetToken("new");
  server_->CutConnections();
  ASSERT_TRUE(Until([this] { return sink_.complaints.size() == 2; }));
  EXPECT_THAT(sink_.complaints.back(), HasSubstr("does not accept our credentials (401 Unauthorized"));
  EXPECT_EQ(sink_.objects.size(), 1);
  server_->SetToken("secret");
  EXPECT_TRUE(UntilSynced());
}

TEST_F(ListWatchTest, EqualsTheServerAfterRandomFaults) {
  absl::BitGen random;
  Serve();
  Follow();
  for (int round = 0; round < 300; ++round) {
    const std::string name = absl::StrCat("web-", absl::Uniform(random, 0, 20));
    if (absl::Bernoulli(random, 0.3)) {
      server_->Delete(kServices, "default", name);
    } else {
      Put(name, absl::StrCat("10.0.0.", round));
    }
    switch (absl::Uniform(random, 0, 30)) {
      case 0:
        server_->CutConnections();
        break;
      case 1:
        server_->Compact();
        server_->CutConnections();
        break;
      case 2:
        server_->Add({.kind = Kind::kCut, .target = "", .code = absl::Uniform(random, 0, 200)});
        server_->CutConnections();
        break;
      case 3:
        server_->Add({.kind = Kind::kErrorEvent, .target = "watch", .code = 500, .reason = "InternalError"});
        server_->CutConnections();
        break;
      case 4:
        server_->Add({.kind = Kind::kStatus, .target = "", .code = 503, .reason = "Unavailable"});
        server_->CutConnections();
        break;
    }
    RunFor(3ms);
  }
  server_->ClearFaults();
  Put("last", "10.9.9.9");
  ASSERT_TRUE(UntilNames("last", "10.9.9.9"));
  TestSink fresh;
  HttpClient client(context_.get_executor(), server_->access());
  ListWatch another(std::move(client), Resource{"services", kServices, &Service::default_instance()}, fresh, random_,
                    options_);
  asio::cancellation_signal cancel;
  bool has_ended = false;
  asio::co_spawn(context_, another.Run(),
                 asio::bind_cancellation_slot(cancel.slot(), [&](const std::exception_ptr&) { has_ended = true; }));
  ASSERT_TRUE(Until([&] { return fresh.is_synced; }));
  EXPECT_TRUE(Until([&] { return sink_.objects == fresh.objects; }));
  cancel.emit(asio::cancellation_type::terminal);
  EXPECT_TRUE(Until([&] { return has_ended; }));
}

}  // namespace
}  // namespace podnamed::kube
