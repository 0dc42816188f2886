// The service against real gRPC: unix socket, TCP and the in-process channel.
#include "controller/feed/feed_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "controller/feed/feed_log.h"
#include "controller/feed/feed_server.h"
#include "controller/feed/test_subscriber.h"

namespace podnamed::controller {
namespace {

using feed::v1::Op;
using feed::v1::Record;
using feed::v1::SubscribeRequest;
using testing::HasSubstr;

Record PodIdentity(int i, const std::string& uid = "a", size_t padding = 100) {
  Record record;
  record.mutable_pod_identity()->set_namespace_("default");
  record.mutable_pod_identity()->set_service("nginx");
  record.mutable_pod_identity()->set_name("web-" + std::to_string(i));
  record.mutable_pod_identity()->set_uid(uid);
  record.mutable_pod_identity()->set_zone(std::string(padding, 'z'));
  return record;
}

std::vector<Record> Records(int count, const std::string& uid = "a", size_t padding = 100) {
  std::vector<Record> records;
  for (int i = 0; i < count; ++i) records.push_back(PodIdentity(i, uid, padding));
  return records;
}

Op Upsert(const Record& record) {
  Op op;
  *op.mutable_upsert() = record;
  return op;
}

TestSubscriber::State StateOf(const std::vector<Record>& records) {
  TestSubscriber::State state;
  for (const Record& record : records) state[TestSubscriber::KeyOf(record)] = record.SerializeAsString();
  return state;
}

enum class Transport { kUnix, kTcp, kInProcess };

// A log, its service and its server, in a directory that goes with them.
class Controller {
 public:
  explicit Controller(Transport transport = Transport::kUnix, FeedServiceOptions service_options = {},
                      FeedLogOptions log_options = {})
      : log_(RandomEpoch(), log_options), service_(log_, service_options), transport_(transport) {
    std::string directory = (std::filesystem::temp_directory_path() / "feed_service_test.XXXXXX").string();
    directory_ = ::mkdtemp(directory.data());
    std::vector<std::string> addresses;
    if (transport == Transport::kUnix) addresses.push_back("unix://" + directory_ + "/feed.sock");
    if (transport == Transport::kTcp) addresses.push_back("127.0.0.1:0");
    absl::StatusOr<std::unique_ptr<FeedServer>> server = FeedServer::Start(service_, addresses);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  ~Controller() {
    server_.reset();
    EXPECT_TRUE(std::filesystem::is_empty(directory_));
    std::filesystem::remove(directory_);
  }

  std::shared_ptr<grpc::Channel> Dial() {
    if (transport_ == Transport::kInProcess) return server_->InProcessChannel();
    // Each its own connection, as if from another process.
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(server_->addresses()[0], grpc::InsecureChannelCredentials(), arguments);
  }

  uint64_t Replace(const std::vector<Record>& records) { return log_.Replace(records, absl::Now()); }
  uint64_t Append(const Record& record) { return log_.Append({Upsert(record)}, absl::Now()); }

  FeedLog& log() { return log_; }
  FeedService& service() { return service_; }
  FeedServer& server() { return *server_; }

 private:
  FeedLog log_;
  FeedService service_;
  const Transport transport_;
  std::string directory_;
  std::unique_ptr<FeedServer> server_;
};

// Waits for what another thread brings about.
template <typename Condition>
bool Eventually(Condition condition) {
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(1));
  }
  return true;
}

void ExpectViolation(const grpc::Status& status, const std::string& message) {
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr(message));
}

// ---- following the log, over every transport

class FeedServiceTest : public testing::TestWithParam<Transport> {};
INSTANTIATE_TEST_SUITE_P(Transports, FeedServiceTest,
                         testing::Values(Transport::kUnix, Transport::kTcp, Transport::kInProcess),
                         [](const auto& instance) {
                           switch (instance.param) {
                             case Transport::kUnix:
                               return "Unix";
                             case Transport::kTcp:
                               return "Tcp";
                             case Transport::kInProcess:
                               return "InProcess";
                           }
                           return "";
                         });

TEST_P(FeedServiceTest, ASnapshotComesFirstAndBatchesFollow) {
  Controller controller(GetParam());
  controller.Replace(Records(5000));
  TestSubscriber subscriber(controller.Dial());
  subscriber.Hello();
  ASSERT_TRUE(subscriber.ReadUntil(controller.log().head()));
  EXPECT_EQ(subscriber.mode(), feed::v1::SNAPSHOT);
  EXPECT_EQ(subscriber.state(), StateOf(Records(5000)));

  ASSERT_TRUE(subscriber.ReadUntil(controller.Append(PodIdentity(7, "b"))));
  ASSERT_TRUE(subscriber.ReadUntil(controller.Replace(Records(4000, "c"))));
  EXPECT_EQ(subscriber.state(), StateOf(Records(4000, "c")));
  EXPECT_EQ(subscriber.snapshots(), 1);
}

TEST_P(FeedServiceTest, ItResumesWhereTheSubscriberStood) {
  Controller controller(GetParam());
  controller.Replace(Records(10));
  feed::v1::Position position;
  {
    TestSubscriber subscriber(controller.Dial());
    subscriber.Hello();
    ASSERT_TRUE(subscriber.ReadUntil(1));
    position = subscriber.position();
  }
  TestSubscriber at_head(controller.Dial());
  at_head.Hello(position);
  ASSERT_TRUE(at_head.Read());
  EXPECT_EQ(at_head.mode(), feed::v1::RESUME);

  controller.Append(PodIdentity(1, "b"));
  controller.Append(PodIdentity(2, "b"));
  TestSubscriber behind(controller.Dial());
  behind.Hello(position);
  ASSERT_TRUE(behind.ReadUntil(3));
  EXPECT_EQ(behind.mode(), feed::v1::RESUME);
  EXPECT_EQ(behind.batches(), 2);
  ASSERT_TRUE(at_head.ReadUntil(3));
  EXPECT_EQ(at_head.batches(), 2);
}

TEST_P(FeedServiceTest, ItStopsWhileManySubscribersStream) {
  Controller controller(GetParam());
  controller.Replace(Records(2000, "a", 2000));
  std::vector<std::thread> readers;
  std::atomic<int> synced = 0;
  for (int i = 0; i < 50; ++i) {
    readers.emplace_back([&, reads = i % 5 != 0] {
      TestSubscriber subscriber(controller.Dial());
      subscriber.Hello();
      if (reads) {
        EXPECT_TRUE(subscriber.ReadUntil(1));
      }
      ++synced;
      while (reads && subscriber.Read()) {
      }
      // One that never read may learn of the end by the cut alone.
      const grpc::Status status = subscriber.Finish();
      if (reads) {
        EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
        // Within a process the end of the transport may overtake the status, with a message of its own.
        if (GetParam() != Transport::kInProcess) {
          EXPECT_EQ(status.error_message(), "controller is stopping");
        }
      } else {
        EXPECT_FALSE(status.ok());
      }
    });
  }
  std::thread writer([&] {
    for (int i = 0; i < 200; ++i) controller.Append(PodIdentity(i, "b"));
  });
  EXPECT_TRUE(Eventually([&] { return synced == 50; }));
  controller.server().Shutdown();
  writer.join();
  for (std::thread& reader : readers) reader.join();
  EXPECT_TRUE(controller.service().Subscribers().empty());
}

TEST_P(FeedServiceTest, ManySubscribersEndAtTheStateOfTheModelWhileWritersWrite) {
  Controller controller(GetParam(), {}, {.max_batches = 64});
  TestSubscriber::State model = StateOf(Records(3000));
  controller.Replace(Records(3000));
  constexpr int kChanges = 500;
  std::atomic<uint64_t> last = 0;
  std::thread writer([&] {
    for (int i = 0; i < kChanges; ++i) {
      const Record record = PodIdentity(i % 97 * 31, "b" + std::to_string(i));
      model[TestSubscriber::KeyOf(record)] = record.SerializeAsString();
      last = controller.Append(record);
    }
  });
  std::vector<std::unique_ptr<TestSubscriber>> subscribers;
  std::vector<std::thread> readers;
  for (int i = 0; i < 8; ++i) {
    subscribers.push_back(std::make_unique<TestSubscriber>(controller.Dial()));
    readers.emplace_back([&, subscriber = subscribers.back().get()] {
      subscriber->Hello();
      EXPECT_TRUE(subscriber->ReadUntil(1 + kChanges));
    });
  }
  writer.join();
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(last, 1 + kChanges);
  for (const auto& subscriber : subscribers) EXPECT_EQ(subscriber->state(), model);
}

// ---- where a subscriber is placed

TEST(FeedService, APositionThatTheLogHasLeftBehindGetsASnapshot) {
  Controller controller(Transport::kUnix, {}, {.max_batches = 2});
  controller.Replace(Records(10));
  for (int i = 0; i < 5; ++i) controller.Append(PodIdentity(i, "b"));
  feed::v1::Position position;
  position.set_epoch(std::string(controller.log().epoch().begin(), controller.log().epoch().end()));
  position.set_revision(3);
  TestSubscriber subscriber(controller.Dial());
  subscriber.Hello(position);
  ASSERT_TRUE(subscriber.Read());
  EXPECT_EQ(subscriber.mode(), feed::v1::SNAPSHOT);
  ASSERT_TRUE(subscriber.ReadUntil(6));
  EXPECT_EQ(subscriber.snapshots(), 1);
}

TEST(FeedService, APositionOfAnotherEpochOrOfTheFutureGetsASnapshot) {
  Controller controller;
  controller.Replace(Records(10));
  const std::string epoch(controller.log().epoch().begin(), controller.log().epoch().end());
  for (const auto& [of, revision] :
       {std::pair(std::string(16, 'x'), 1), {std::string(), 1}, {epoch.substr(0, 15), 1}, {epoch, 2}}) {
    feed::v1::Position position;
    position.set_epoch(of);
    position.set_revision(static_cast<uint64_t>(revision));
    TestSubscriber subscriber(controller.Dial());
    subscriber.Hello(position);
    ASSERT_TRUE(subscriber.Read());
    EXPECT_EQ(subscriber.mode(), feed::v1::SNAPSHOT);
  }
}

TEST(FeedService, NothingIsSaidOfAClusterThatIsNotKnownYet) {
  Controller controller(Transport::kUnix, {.progress_interval = absl::Milliseconds(20)});
  TestSubscriber subscriber(controller.Dial());
  subscriber.Hello();
  while (subscriber.progresses() < 3) ASSERT_TRUE(subscriber.Read());
  EXPECT_EQ(subscriber.snapshots(), 0);
  controller.Replace({});
  ASSERT_TRUE(subscriber.ReadUntil(0));
  EXPECT_EQ(subscriber.snapshots(), 1);
  EXPECT_TRUE(subscriber.state().empty());
}

TEST(FeedService, ASlowSubscriberGetsASnapshotAndDoesNotHoldTheLog) {
  Controller controller(Transport::kUnix, {}, {.max_batches = 16});
  controller.Replace(Records(10));
  TestSubscriber slow(controller.Dial());
  TestSubscriber fast(controller.Dial());
  slow.Hello();
  fast.Hello();
  ASSERT_TRUE(slow.ReadUntil(1));
  // More than all buffers on the way hold.
  std::vector<Record> last;
  for (int i = 0; i < 300; ++i) {
    last = Records(10, std::to_string(i), 50000);
    ASSERT_TRUE(fast.ReadUntil(controller.Replace(last)));
  }
  EXPECT_FALSE(controller.log().Covers(200));
  EXPECT_EQ(fast.snapshots(), 1);
  ASSERT_TRUE(slow.ReadUntil(controller.log().head()));
  EXPECT_GE(slow.snapshots(), 2);
  EXPECT_EQ(slow.state(), StateOf(last));
}

TEST(FeedService, AChangeLargerThanTheLogComesAsASnapshot) {
  Controller controller(Transport::kUnix, {}, {.max_bytes = 1 << 20});
  controller.Replace(Records(1));
  TestSubscriber subscriber(controller.Dial());
  subscriber.Hello();
  ASSERT_TRUE(subscriber.ReadUntil(1));
  const std::vector<Record> records = Records(2000, "a", 2000);
  ASSERT_TRUE(subscriber.ReadUntil(controller.Replace(records)));
  EXPECT_EQ(subscriber.snapshots(), 2);
  EXPECT_EQ(subscriber.state(), StateOf(records));
}

TEST(FeedService, AChangeOfManyBatchesArrivesWhole) {
  Controller controller;
  controller.Replace({});
  TestSubscriber subscriber(controller.Dial());
  subscriber.Hello();
  ASSERT_TRUE(subscriber.ReadUntil(0));
  const std::vector<Record> records = Records(2000, "a", 2000);
  ASSERT_TRUE(subscriber.ReadUntil(controller.Replace(records)));
  EXPECT_EQ(subscriber.batches(), 4);
  EXPECT_EQ(subscriber.state(), StateOf(records));
}

// ---- what the service knows of its subscribers

TEST(FeedService, KeepsWhatEachSubscriberAcknowledged) {
  Controller controller;
  controller.Replace(Records(3));
  TestSubscriber subscriber(controller.Dial());
  EXPECT_TRUE(controller.service().Subscribers().empty());
  subscriber.Hello(std::nullopt, "node-7");
  ASSERT_TRUE(subscriber.ReadUntil(1));
  ASSERT_EQ(controller.service().Subscribers().size(), 1);
  EXPECT_EQ(controller.service().Subscribers()[0].node, "node-7");
  EXPECT_EQ(controller.service().Subscribers()[0].sent, 1);
  EXPECT_EQ(controller.service().Subscribers()[0].acked, 0);
  const auto acked = [&] { return controller.service().Subscribers()[0].acked; };
  subscriber.Ack(1);
  EXPECT_TRUE(Eventually([&] { return acked() == 1; }));
  ASSERT_TRUE(subscriber.ReadUntil(controller.Append(PodIdentity(0, "b"))));
  subscriber.Ack(2);
  subscriber.Ack(1);  // cumulative: takes nothing back
  EXPECT_TRUE(Eventually([&] { return acked() == 2; }));
  subscriber.Cancel();
  EXPECT_TRUE(Eventually([&] { return controller.service().Subscribers().empty(); }));
}

TEST(FeedService, ASubscriberThatHangsUpIsForgotten) {
  Controller controller;
  controller.Replace(Records(3));
  SubscribeRequest hello;
  hello.mutable_hello();
  grpc::ClientContext context;
  const auto stub = feed::v1::Feed::NewStub(controller.Dial());
  const auto stream = stub->Subscribe(&context);
  stream->Write(hello);
  stream->WritesDone();
  feed::v1::SubscribeResponse response;
  while (stream->Read(&response)) {
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_TRUE(Eventually([&] { return controller.service().Subscribers().empty(); }));
}

TEST(FeedService, ProgressComesInTime) {
  Controller controller(Transport::kUnix, {.progress_interval = absl::Milliseconds(100)});
  controller.Replace(Records(3));
  TestSubscriber subscriber(controller.Dial());
  subscriber.Hello();
  ASSERT_TRUE(subscriber.ReadUntil(1));
  const absl::Time begin = absl::Now();
  while (subscriber.progresses() < 5) ASSERT_TRUE(subscriber.Read());
  // Five of them in 500 ms; the rest is for a machine under load.
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
}

// The next Progress, what comes before it taken in; an empty one at the end of the stream.
feed::v1::Progress NextProgress(TestSubscriber& subscriber) {
  while (true) {
    const std::optional<feed::v1::SubscribeResponse> response = subscriber.Read();
    if (!response || response->has_progress()) return response ? response->progress() : feed::v1::Progress();
  }
}

TEST(FeedService, SaysAtOnceThatTheSourceIsLostAndFound) {
  Controller controller(Transport::kUnix, {.progress_interval = absl::Hours(1)});
  controller.Replace(Records(3));
  TestSubscriber subscriber(controller.Dial());
  subscriber.Hello();
  ASSERT_TRUE(subscriber.ReadUntil(1));

  const auto since = std::chrono::steady_clock::now() - std::chrono::seconds(42);
  controller.log().SetSourceLoss(SourceLoss{.since = since, .why = "services: connection refused"});
  feed::v1::Progress progress = NextProgress(subscriber);
  EXPECT_EQ(progress.source_loss().why(), "services: connection refused");
  EXPECT_GE(progress.source_loss().age().seconds(), 42);
  EXPECT_LT(progress.source_loss().age().seconds(), 100);

  TestSubscriber later(controller.Dial());
  later.Hello();
  EXPECT_EQ(NextProgress(later).source_loss().why(), "services: connection refused");
  EXPECT_EQ(later.state(), StateOf(Records(3))) << "after the state that it speaks of";

  controller.log().SetSourceLoss(SourceLoss{.since = since, .why = "services: forbidden"});
  EXPECT_EQ(NextProgress(subscriber).source_loss().why(), "services: forbidden");

  controller.Append(PodIdentity(7, "b"));
  controller.log().SetSourceLoss(std::nullopt);
  progress = NextProgress(subscriber);
  EXPECT_FALSE(progress.has_source_loss());
  EXPECT_EQ(subscriber.batches(), 1) << "found with what it has brought";
}

TEST(FeedService, SaysThatTheSourceOfAnUnknownClusterIsLost) {
  Controller controller(Transport::kUnix, {.progress_interval = absl::Milliseconds(20)});
  controller.log().SetSourceLoss(SourceLoss{.since = std::chrono::steady_clock::now(), .why = "connection refused"});
  TestSubscriber subscriber(controller.Dial());
  subscriber.Hello();
  EXPECT_EQ(NextProgress(subscriber).source_loss().why(), "connection refused");
  EXPECT_EQ(subscriber.snapshots(), 0);
}

TEST(FeedService, WhoIsBehindDoesNotHearThatTheSourceIsFound) {
  Controller controller(Transport::kUnix, {.progress_interval = absl::Milliseconds(20)});
  controller.Replace(Records(1));
  TestSubscriber slow(controller.Dial());
  slow.Hello();
  ASSERT_TRUE(slow.ReadUntil(1));
  controller.log().SetSourceLoss(SourceLoss{.since = std::chrono::steady_clock::now(), .why = "connection refused"});
  feed::v1::Progress progress;
  do progress = NextProgress(slow);
  while (progress.head() > 0 && !progress.has_source_loss());
  ASSERT_TRUE(progress.has_source_loss());
  // More than all buffers on the way hold.
  for (int i = 0; i < 300; ++i) controller.Replace(Records(10, std::to_string(i), 50000));
  controller.log().SetSourceLoss(std::nullopt);
  while (NextProgress(slow).has_source_loss()) {
  }
  EXPECT_EQ(slow.position().revision(), controller.log().head());
}

TEST(FeedService, ARejectedRecordEndsNothing) {
  Controller controller;
  controller.Replace(Records(3));
  TestSubscriber subscriber(controller.Dial());
  subscriber.Hello(std::nullopt, "node-7\n[ERROR] forged");
  ASSERT_TRUE(subscriber.ReadUntil(1));
  SubscribeRequest request;
  request.mutable_reject()->set_revision(1);
  request.mutable_reject()->set_code(feed::v1::Reject::INVALID_RECORD);
  request.mutable_reject()->mutable_key()->set_kind(feed::v1::Key::POD_IDENTITY);
  request.mutable_reject()->mutable_key()->set_namespace_("default");
  request.mutable_reject()->mutable_key()->set_service("nginx");
  request.mutable_reject()->mutable_key()->set_name("web-0");
  request.mutable_reject()->set_message("addresses[0]: 5 octets, expected 4 or 16\n[ERROR] forged");
  testing::internal::CaptureStderr();
  for (int i = 0; i < 100; ++i) subscriber.Send(request);
  subscriber.Ack(1);
  EXPECT_TRUE(Eventually([&] { return controller.service().Subscribers()[0].acked == 1; }));
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("rejected pod identity default/nginx/web-0 of revision 1: addresses[0]: 5 octets, "
                             "expected 4 or 16\\n[ERROR] forged\n"));
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 10);
  ASSERT_TRUE(subscriber.ReadUntil(controller.Append(PodIdentity(0, "b"))));
}

TEST(FeedService, AMessageOfALaterVersionIsPassedOver) {
  Controller controller;
  controller.Replace(Records(3));
  TestSubscriber subscriber(controller.Dial());
  subscriber.Hello();
  ASSERT_TRUE(subscriber.ReadUntil(1));
  SubscribeRequest later;
  later.GetReflection()->MutableUnknownFields(&later)->AddLengthDelimited(15, "later");
  subscriber.Send(later);
  subscriber.Ack(1);
  EXPECT_TRUE(Eventually([&] { return controller.service().Subscribers()[0].acked == 1; }));
}

// ---- violations

TEST(FeedService, HelloMustComeFirst) {
  Controller controller;
  controller.Replace(Records(3));
  TestSubscriber acks(controller.Dial());
  acks.Ack(0);
  ExpectViolation(acks.Finish(), "the first message must be Hello");
  TestSubscriber empty(controller.Dial());
  empty.Send({});
  ExpectViolation(empty.Finish(), "the first message must be Hello");
}

TEST(FeedService, HelloMustComeInTime) {
  Controller controller(Transport::kUnix, {.hello_timeout = absl::Milliseconds(100)});
  controller.Replace(Records(3));
  TestSubscriber subscriber(controller.Dial());
  ExpectViolation(subscriber.Finish(), "no Hello came within 100ms");
}

TEST(FeedService, HelloMustNotComeTwice) {
  Controller controller;
  controller.Replace(Records(3));
  TestSubscriber subscriber(controller.Dial());
  subscriber.Hello();
  subscriber.Hello();
  ExpectViolation(subscriber.Finish(), "Hello came twice");
}

TEST(FeedService, AStreamThatEndsBeforeHelloIsAViolation) {
  Controller controller;
  grpc::ClientContext context;
  const auto stub = feed::v1::Feed::NewStub(controller.Dial());
  const auto stream = stub->Subscribe(&context);
  stream->WritesDone();
  ExpectViolation(stream->Finish(), "the stream ended before Hello");
}

TEST(FeedService, NobodyAcknowledgesWhatWasNotSent) {
  Controller controller;
  controller.Replace(Records(3));
  TestSubscriber subscriber(controller.Dial());
  subscriber.Hello();
  ASSERT_TRUE(subscriber.ReadUntil(1));
  subscriber.Ack(2);
  ExpectViolation(subscriber.Finish(), "Ack of revision 2, but the newest one sent is 1");
}

TEST(FeedService, OneThatBreaksTheProtocolAndReadsNothingIsCutOff) {
  Controller controller(Transport::kUnix,
                        {.progress_interval = absl::Milliseconds(50), .end_grace = absl::Milliseconds(50)});
  controller.Replace(Records(5000, "a", 5000));
  TestSubscriber subscriber(controller.Dial());
  subscriber.Hello();
  EXPECT_TRUE(Eventually([&] { return controller.service().Subscribers().size() == 1; }));
  subscriber.Hello();
  EXPECT_TRUE(Eventually([&] { return controller.service().Subscribers().empty(); }));
}

TEST(FeedService, TurnsAwayMoreSubscribersThanItMayHave) {
  Controller controller(Transport::kUnix, {.max_subscribers = 2});
  controller.Replace(Records(3));
  TestSubscriber first(controller.Dial());
  TestSubscriber second(controller.Dial());
  first.Hello();
  second.Hello();
  ASSERT_TRUE(first.ReadUntil(1));
  ASSERT_TRUE(second.ReadUntil(1));
  TestSubscriber third(controller.Dial());
  EXPECT_EQ(third.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  ASSERT_TRUE(first.ReadUntil(controller.Append(PodIdentity(0, "b"))));
}

TEST(FeedService, TurnsSubscribersAwayWhenItHasStopped) {
  Controller controller;
  controller.Replace(Records(3));
  controller.service().Shutdown();
  TestSubscriber subscriber(controller.Dial());
  EXPECT_EQ(subscriber.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace podnamed::controller
