// The client against a scripted controller over real gRPC: unix sockets and the in-process channel.
#include "server/feed/feed_client.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

#include "proto/podnamed/feed/v1/feed.grpc.pb.h"
#include "server/feed/feed_decoder.h"
#include "server/feed/test_messages.h"

namespace podnamed::feed {
namespace {

using ::testing::StartsWith;

constexpr std::chrono::seconds kPatience(30);  // far more than anything here takes

// A queue between threads whose reader does not wait for ever.
template <typename T>
class Mailbox {
 public:
  void Put(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  // The next value; std::nullopt when it was closed, or patience is at its end.
  std::optional<T> Take() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [this] { return closed_ || !values_.empty(); });
    if (values_.empty()) return std::nullopt;
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }
  bool empty() const {
    const std::lock_guard lock(mutex_);
    return values_.empty();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
  bool closed_ = false;
};

using ServerStream = grpc::ServerReaderWriter<v1::SubscribeResponse, v1::SubscribeRequest>;

// One stream, as the test drives it from the controller's side.
class Conversation {
 public:
  Conversation(grpc::ServerContext* context, ServerStream* stream) : context_(context), stream_(stream) {}

  // The client's next message; std::nullopt when it has closed its half or the stream is dead.
  std::optional<v1::SubscribeRequest> Next() { return received_.Take(); }
  std::optional<v1::Hello> NextHello() {
    const std::optional<v1::SubscribeRequest> message = Next();
    return message && message->has_hello() ? std::optional(message->hello()) : std::nullopt;
  }
  std::optional<uint64_t> NextAck() {
    const std::optional<v1::SubscribeRequest> message = Next();
    return message && message->has_ack() ? std::optional(message->ack().revision()) : std::nullopt;
  }
  bool has_more() const { return !received_.empty(); }

  // Nothing happens once the stream is over: a client may end it while we still speak.
  void Send(const v1::SubscribeResponse& message) {
    const std::lock_guard lock(mutex_);
    if (!over_) stream_->Write(message);
  }
  void SendSnapshot(const std::string& epoch, uint64_t revision, const std::vector<v1::Record>& records) {
    Send(Welcome(epoch, revision, v1::SNAPSHOT));
    Send(Begin(revision));
    Send(Part(records));
    Send(End(records));
  }
  // The stream breaks.
  void Break() {
    const std::lock_guard lock(mutex_);
    if (!over_) context_->TryCancel();
  }

  // Handler's thread: receives until the client is done. Context and stream are not touched after it.
  void Serve() {
    v1::SubscribeRequest message;
    while (stream_->Read(&message)) received_.Put(std::move(message));
    received_.Close();
    const std::lock_guard lock(mutex_);
    over_ = true;
  }

 private:
  grpc::ServerContext* const context_;
  ServerStream* const stream_;
  std::mutex mutex_;
  bool over_ = false;
  Mailbox<v1::SubscribeRequest> received_;
};

// Ends each stream when its client has closed its half, so a conversation is used no longer than until Next is nullopt.
class ScriptedController final : public v1::Feed::Service {
 public:
  explicit ScriptedController(const std::string& address) {
    grpc::ServerBuilder builder;
    if (!address.empty()) builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~ScriptedController() override { server_->Shutdown(std::chrono::system_clock::now()); }

  // The next stream that a client opens; nullptr if none comes.
  std::shared_ptr<Conversation> Accept() { return accepted_.Take().value_or(nullptr); }
  bool has_more() const { return !accepted_.empty(); }
  grpc::Server& server() { return *server_; }

  grpc::Status Subscribe(grpc::ServerContext* context, ServerStream* stream) override {
    const auto conversation = std::make_shared<Conversation>(context, stream);
    accepted_.Put(conversation);
    conversation->Serve();
    return grpc::Status::OK;
  }

 private:
  Mailbox<std::shared_ptr<Conversation>> accepted_;
  std::unique_ptr<grpc::Server> server_;
};

class FeedClientTest : public ::testing::Test {
 protected:
  FeedClientTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "podnamed-feed-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    options_.node = "node-1";
    options_.backoff_first = absl::Milliseconds(1);
    options_.backoff_max = absl::Milliseconds(20);
  }
  void TearDown() override {
    StopClient();
    controller_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::string socket_path() const { return directory_ + "/feed.sock"; }
  void StartController() { controller_ = std::make_unique<ScriptedController>("unix:" + socket_path()); }
  void StartClient() { StartClient(grpc::CreateChannel("unix:" + socket_path(), grpc::InsecureChannelCredentials())); }
  void StartClient(std::shared_ptr<grpc::Channel> channel) {
    client_ = std::make_unique<FeedClient>(std::move(channel), store_, options_);
    thread_ = std::thread([this] { client_->Run(); });
  }
  void StopClient() {
    if (!thread_.joinable()) return;
    client_->Stop();
    thread_.join();
  }
  // Starts both; ends with web-0 at 10.0.0.7, revision 5, acknowledged.
  std::shared_ptr<Conversation> Sync() {
    StartController();
    StartClient();
    return SyncNext();
  }
  std::shared_ptr<Conversation> SyncNext() {
    const std::shared_ptr<Conversation> conversation = controller_->Accept();
    EXPECT_TRUE(conversation->NextHello());
    conversation->SendSnapshot(kEpoch, 5, {PodRecord("web-0", 7)});
    EXPECT_EQ(conversation->NextAck(), 5);
    return conversation;
  }

  uint64_t PublishedRevision() {
    const state::Snapshot* snapshot = reader_.Current();
    return snapshot == nullptr ? 0 : snapshot->position().revision;
  }
  std::string AddressOf(const std::string& name) {
    const state::Snapshot* snapshot = reader_.Current();
    const state::ServiceBlock* nginx = snapshot ? snapshot->FindService("default", "nginx") : nullptr;
    if (nginx == nullptr) return "none";
    const size_t i = nginx->IndexOfName(name);
    if (i == nginx->identity_count()) return "none";
    return base::IpAddress(nginx->identity(i).ipv4()[0]).ToString();
  }

  std::string directory_;
  FeedClient::Options options_;
  state::SnapshotHolder holder_;
  state::Store store_{holder_};
  state::SnapshotReader reader_{holder_};  // this thread's
  std::unique_ptr<ScriptedController> controller_;
  std::unique_ptr<FeedClient> client_;
  std::thread thread_;
};

TEST_F(FeedClientTest, SyncsOverAUnixSocket) {
  StartController();
  StartClient();
  const std::shared_ptr<Conversation> conversation = controller_->Accept();
  ASSERT_NE(conversation, nullptr);
  const std::optional<v1::Hello> hello = conversation->NextHello();
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->node(), "node-1");
  EXPECT_FALSE(hello->has_resume());
  conversation->SendSnapshot(kEpoch, 5, {PodRecord("web-0", 7)});
  EXPECT_EQ(conversation->NextAck(), 5);
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.7");
}

TEST_F(FeedClientTest, SyncsThroughTheInProcessChannel) {
  controller_ = std::make_unique<ScriptedController>("");
  StartClient(controller_->server().InProcessChannel({}));
  SyncNext()->Break();
  const std::shared_ptr<Conversation> again = controller_->Accept();
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->NextHello()->resume().revision(), 5);
}

TEST_F(FeedClientTest, AcknowledgesWhatIsVisibleAtOnceWhenIdle) {
  const std::shared_ptr<Conversation> conversation = Sync();
  for (uint64_t revision = 6; revision < 106; ++revision) {
    conversation->Send(BatchOf(revision - 1, revision, {PodRecord("web-0", static_cast<int>(revision))}));
    ASSERT_EQ(conversation->NextAck(), revision);
    ASSERT_EQ(PublishedRevision(), revision);
    ASSERT_EQ(AddressOf("web-0"), "10.0.0." + std::to_string(revision));
  }
}

TEST_F(FeedClientTest, NeverAcknowledgesBeforePublicationUnderLoad) {
  const std::shared_ptr<Conversation> conversation = Sync();
  std::thread sender([&] {
    for (uint64_t revision = 6; revision <= 1005; ++revision) {
      conversation->Send(BatchOf(revision - 1, revision, {PodRecord("web-0", 8)}));
    }
  });
  uint64_t acknowledged = 5;
  while (acknowledged < 1005) {
    const std::optional<uint64_t> ack = conversation->NextAck();
    ASSERT_TRUE(ack);
    EXPECT_GT(*ack, acknowledged);
    EXPECT_GE(PublishedRevision(), *ack);
    acknowledged = *ack;
  }
  sender.join();
}

TEST_F(FeedClientTest, ResumesAfterALoss) {
  const std::shared_ptr<Conversation> first = Sync();
  EXPECT_EQ(reader_.stale_seconds(), 0U);
  first->Break();
  const std::shared_ptr<Conversation> again = controller_->Accept();
  ASSERT_NE(again, nullptr);
  const std::optional<v1::Hello> hello = again->NextHello();
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->resume().epoch(), kEpoch);
  EXPECT_EQ(hello->resume().revision(), 5);
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.7");
  EXPECT_GT(reader_.stale_seconds(), 0U) << "from the loss on, answers say that they are old";
  again->Send(Welcome(kEpoch, 6, v1::RESUME));
  again->Send(BatchOf(5, 6, {PodRecord("web-0", 8)}));
  EXPECT_EQ(again->NextAck(), 6);
  EXPECT_EQ(reader_.stale_seconds(), 0U);
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.8");
}

TEST_F(FeedClientTest, AStateThatNeverCaughtUpIsStaleFromTheLossOn) {
  StartController();
  StartClient();
  const std::shared_ptr<Conversation> first = controller_->Accept();
  ASSERT_NE(first, nullptr);
  first->Send(Welcome(kEpoch, 6, v1::SNAPSHOT));
  first->Send(Begin(5));
  first->Send(Part({PodRecord("web-0", 7)}));
  first->Send(End({PodRecord("web-0", 7)}));
  ASSERT_TRUE(first->NextHello());
  ASSERT_EQ(first->NextAck(), 5);
  first->Break();  // before it brought revision 6
  const std::shared_ptr<Conversation> again = controller_->Accept();
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.7");
  EXPECT_GT(reader_.stale_seconds(), 0U);
  ASSERT_TRUE(again->NextHello());
  again->Send(Welcome(kEpoch, 6, v1::RESUME));
  again->Send(BatchOf(5, 6, {PodRecord("web-0", 8)}));
  EXPECT_EQ(again->NextAck(), 6);
  EXPECT_EQ(reader_.stale_seconds(), 0U);
}

TEST_F(FeedClientTest, TheStateIsStaleWhileTheControllerHasLostItsSource) {
  const auto lost = Parse<v1::SubscribeResponse>(
      R"pb(progress {
             head: 6
             source_loss {
               age { seconds: 42 }
               why: "services: refused\n"
             }
           })pb");
  const std::shared_ptr<Conversation> first = Sync();
  first->Send(lost);
  first->Send(BatchOf(5, 6, {PodRecord("web-0", 8)}));  // a part of it is followed
  ASSERT_EQ(first->NextAck(), 6);
  EXPECT_GE(reader_.stale_seconds(), 42U);
  EXPECT_TRUE(client_->connected());
  ASSERT_TRUE(client_->lost_source());
  EXPECT_EQ(client_->lost_source()->why, "services: refused\\n");
  EXPECT_LE(client_->lost_source()->since, absl::Now() - absl::Seconds(42));

  first->Break();
  const std::shared_ptr<Conversation> again = controller_->Accept();
  ASSERT_NE(again, nullptr);
  EXPECT_GE(reader_.stale_seconds(), 42U) << "the controller goes on top of it";
  EXPECT_FALSE(client_->lost_source());
  ASSERT_TRUE(again->NextHello());
  again->Send(Welcome(kEpoch, 6, v1::RESUME));
  again->Send(lost);
  again->Send(BatchOf(6, 7, {PodRecord("web-0", 9)}));
  ASSERT_EQ(again->NextAck(), 7);
  EXPECT_GE(reader_.stale_seconds(), 42U);
  again->Send(Parse<v1::SubscribeResponse>("progress { head: 7 }"));
  again->Send(BatchOf(7, 8, {PodRecord("web-0", 7)}));
  ASSERT_EQ(again->NextAck(), 8);
  EXPECT_EQ(reader_.stale_seconds(), 0U);
  EXPECT_FALSE(client_->lost_source());
}

TEST_F(FeedClientTest, WhereNothingIsKnownNothingIsStale) {
  StartController();
  StartClient();
  const std::shared_ptr<Conversation> first = controller_->Accept();
  ASSERT_NE(first, nullptr);
  first->Send(Welcome(kEpoch, 6, v1::SNAPSHOT));
  first->Send(Parse<v1::SubscribeResponse>("progress { source_loss { age { seconds: 42 } } }"));
  ASSERT_TRUE(first->NextHello());
  first->Break();
  const std::shared_ptr<Conversation> again = controller_->Accept();
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(reader_.stale_seconds(), 0U);
  ASSERT_TRUE(again->NextHello());
  again->SendSnapshot(kEpoch, 6, {PodRecord("web-0", 7)});
  EXPECT_EQ(again->NextAck(), 6);
  EXPECT_EQ(reader_.stale_seconds(), 0U);
}

TEST_F(FeedClientTest, TakesTheSnapshotOfAControllerThatWasRestarted) {
  Sync();
  controller_.reset();
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.7");
  StartController();
  const std::shared_ptr<Conversation> again = controller_->Accept();
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->NextHello()->resume().revision(), 5);
  again->SendSnapshot(kOtherEpoch, 1, {PodRecord("web-0", 9)});
  EXPECT_EQ(again->NextAck(), 1);
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.9");
}

TEST_F(FeedClientTest, ASnapshotBrokenOffLeavesTheOldStateAndIsAskedForAgain) {
  Sync()->Break();
  const std::shared_ptr<Conversation> broken = controller_->Accept();
  ASSERT_NE(broken, nullptr);
  broken->Send(Welcome(kOtherEpoch, 1, v1::SNAPSHOT));
  broken->Send(Begin(1));
  broken->Send(Part({PodRecord("web-0", 9)}));
  broken->Break();
  const std::shared_ptr<Conversation> again = controller_->Accept();
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->NextHello()->resume().epoch(), kEpoch);
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.7");
}

TEST_F(FeedClientTest, AGapIsHealedByASnapshot) {
  const std::shared_ptr<Conversation> conversation = Sync();
  conversation->Send(Batch(7, 8));
  EXPECT_EQ(conversation->Next(), std::nullopt);
  std::shared_ptr<Conversation> again = controller_->Accept();
  ASSERT_NE(again, nullptr);
  EXPECT_FALSE(again->NextHello()->has_resume());

  again->Break();  // before it healed anything
  again = controller_->Accept();
  ASSERT_NE(again, nullptr);
  EXPECT_FALSE(again->NextHello()->has_resume());
  again->SendSnapshot(kEpoch, 8, {PodRecord("web-0", 8)});
  EXPECT_EQ(again->NextAck(), 8);

  again->Break();
  again = controller_->Accept();
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->NextHello()->resume().revision(), 8);
}

TEST_F(FeedClientTest, AWrongDigestIsReportedAndHealedByASnapshot) {
  const std::shared_ptr<Conversation> conversation = Sync();
  conversation->Send(Begin(9));
  conversation->Send(Part({BadRecord("web-0"), PodRecord("web-1", 8)}));
  conversation->Send(End({}));
  const std::optional<v1::SubscribeRequest> invalid = conversation->Next();
  ASSERT_TRUE(invalid);
  EXPECT_EQ(invalid->reject().code(), v1::Reject::INVALID_RECORD);
  const std::optional<v1::SubscribeRequest> mismatch = conversation->Next();
  ASSERT_TRUE(mismatch);
  EXPECT_EQ(mismatch->reject().code(), v1::Reject::DIGEST_MISMATCH);
  EXPECT_EQ(mismatch->reject().revision(), 9);
  EXPECT_EQ(conversation->Next(), std::nullopt);
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.7");
  EXPECT_EQ(AddressOf("web-1"), "none");
  const std::shared_ptr<Conversation> again = controller_->Accept();
  ASSERT_NE(again, nullptr);
  EXPECT_FALSE(again->NextHello()->has_resume());
}

TEST_F(FeedClientTest, AMessageThatCannotBeDecodedIsHealedByASnapshot) {
  options_.silence_limit = absl::Hours(1);
  const std::shared_ptr<Conversation> conversation = Sync();
  conversation->Send(BatchOf(5, 6, {PodRecord("web-\xff", 8)}));  // no UTF-8
  EXPECT_EQ(conversation->Next(), std::nullopt);
  const std::shared_ptr<Conversation> again = controller_->Accept();
  ASSERT_NE(again, nullptr);
  EXPECT_FALSE(again->NextHello()->has_resume());
}

TEST_F(FeedClientTest, AMessageAboveTheLimitIsHealedByASnapshot) {
  v1::SubscribeResponse large = BatchOf(5, 6, {PodRecord("web-0", 8)});
  large.mutable_batch()->mutable_ops(0)->mutable_upsert()->mutable_pod_identity()->set_zone(std::string(5 << 20, 'a'));
  const std::shared_ptr<Conversation> conversation = Sync();
  conversation->Send(large);
  EXPECT_EQ(conversation->Next(), std::nullopt);
  const std::shared_ptr<Conversation> again = controller_->Accept();
  ASSERT_NE(again, nullptr);
  EXPECT_FALSE(again->NextHello()->has_resume());
}

TEST_F(FeedClientTest, NamesEveryRecordThatItRejectsAndAcknowledgesTheRest) {
  constexpr int kBad = 3000;  // more than wait at the client before it reads on
  v1::SubscribeResponse batch = BatchOf(5, 6, {PodRecord("web-1", 8)});
  for (int i = 0; i < kBad; ++i) {
    *batch.mutable_batch()->add_ops()->mutable_upsert() = BadRecord("bad-" + std::to_string(i));
  }
  const std::shared_ptr<Conversation> conversation = Sync();
  conversation->Send(batch);
  conversation->Send(BatchOf(6, 7, {PodRecord("web-2", 9)}));
  for (int i = 0; i < kBad; ++i) {
    const std::optional<v1::SubscribeRequest> reply = conversation->Next();
    ASSERT_TRUE(reply);
    ASSERT_EQ(reply->reject().key().name(), "bad-" + std::to_string(i));
    ASSERT_EQ(reply->reject().revision(), 6);
    ASSERT_THAT(reply->reject().message(), StartsWith("hostname: found \"Web\""));
  }
  std::optional<uint64_t> ack = conversation->NextAck();
  if (ack == 6) ack = conversation->NextAck();
  EXPECT_EQ(ack, 7);
  EXPECT_EQ(AddressOf("web-1"), "10.0.0.8");
  EXPECT_EQ(AddressOf("web-2"), "10.0.0.9");
}

TEST_F(FeedClientTest, TakesASilentStreamForLost) {
  options_.silence_limit = absl::Milliseconds(100);
  const std::shared_ptr<Conversation> silent = Sync();
  EXPECT_EQ(silent->Next(), std::nullopt);
  const std::shared_ptr<Conversation> again = controller_->Accept();
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->NextHello()->resume().revision(), 5);
  EXPECT_EQ(again->Next(), std::nullopt);  // silent before Welcome
}

TEST_F(FeedClientTest, ProgressIsALifeSign) {
  options_.silence_limit = absl::Seconds(2);
  const std::shared_ptr<Conversation> conversation = Sync();
  const absl::Time first_message = client_->last_message();
  while (client_->last_message() < first_message + options_.silence_limit + absl::Milliseconds(500)) {
    conversation->Send(Parse<v1::SubscribeResponse>("progress { head: 5 }"));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_TRUE(client_->connected());
  EXPECT_FALSE(controller_->has_more());
}

TEST_F(FeedClientTest, SaysWhetherAControllerTalks) {
  StartController();
  StartClient();
  const std::shared_ptr<Conversation> conversation = controller_->Accept();
  ASSERT_NE(conversation, nullptr);
  EXPECT_FALSE(client_->connected());
  EXPECT_EQ(client_->last_message(), absl::InfinitePast());
  conversation->SendSnapshot(kEpoch, 5, {PodRecord("web-0", 7)});
  ASSERT_TRUE(conversation->NextHello());
  ASSERT_EQ(conversation->NextAck(), 5);
  EXPECT_TRUE(client_->connected());
  EXPECT_LE(client_->last_message(), absl::Now());
  EXPECT_GE(client_->last_message(), absl::Now() - absl::Minutes(1));
  controller_.reset();
  StopClient();
  EXPECT_FALSE(client_->connected());
}

// A socket that is no gRPC server: what dials it waits, or loses what it dialled.
class SilentSocket {
 public:
  explicit SilentSocket(const std::string& path) : path_(path), listener_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
  }
  ~SilentSocket() {
    ::close(listener_);
    ::unlink(path_.c_str());
  }
  // Waits for somebody who dials; -1 when nobody does.
  int Accept() {
    pollfd waiting{.fd = listener_, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) != 1) return -1;
    return ::accept(listener_, nullptr, nullptr);
  }

 private:
  const std::string path_;
  const int listener_;
};

// Where the machine at the other end is lost, nobody says that the connection is.
TEST_F(FeedClientTest, DialsAgainWhenAConnectionIsDead) {
  options_.silence_limit = absl::Milliseconds(300);
  SilentSocket controller(socket_path());
  StartClient(FeedClient::MakeChannel("unix:" + socket_path(), options_.silence_limit));
  const int dead = controller.Accept();
  constexpr uint8_t kSettings[] = {0, 0, 0, 4, 0, 0, 0, 0, 0};  // RFC 9113 section 6.5: an empty frame opens the way
  ASSERT_EQ(::send(dead, kSettings, sizeof(kSettings), MSG_NOSIGNAL), ssize_t{sizeof(kSettings)});
  const int next = controller.Accept();
  EXPECT_GE(next, 0);
  StopClient();
  ::close(dead);
  ::close(next);
}

TEST_F(FeedClientTest, WaitsForAControllerThatIsNotThereYet) {
  {
    SilentSocket dead(socket_path());
    StartClient();
    for (int dial = 0; dial < 3; ++dial) ::close(dead.Accept());
  }
  StartController();
  SyncNext();
  EXPECT_EQ(AddressOf("web-0"), "10.0.0.7");
}

TEST_F(FeedClientTest, StopsBeforeItRuns) {
  FeedClient client(grpc::CreateChannel("unix:" + socket_path(), grpc::InsecureChannelCredentials()), store_, options_);
  client.Stop();
  client.Stop();
  client.Run();
}

TEST_F(FeedClientTest, MayBeStoppedAndNeverRun) {
  FeedClient client(grpc::CreateChannel("unix:" + socket_path(), grpc::InsecureChannelCredentials()), store_, options_);
  client.Stop();
}

// The next three would wait for minutes if Stop did not end it; the test's own time limit tells.
TEST_F(FeedClientTest, StopsDuringTheDial) {
  options_.silence_limit = absl::Hours(1);
  SilentSocket mute(socket_path());
  StartClient();
  const int connection = mute.Accept();
  StopClient();
  ::close(connection);
}

TEST_F(FeedClientTest, StopsWhileItWaitsForAMessage) {
  options_.silence_limit = absl::Hours(1);
  const std::shared_ptr<Conversation> conversation = Sync();
  StopClient();
  EXPECT_EQ(conversation->Next(), std::nullopt);
}

TEST_F(FeedClientTest, StopsWhileItWaitsToDialAgain) {
  options_.backoff_first = options_.backoff_max = absl::Hours(1);
  Sync()->Break();
  while (client_->connected()) std::this_thread::yield();
  StopClient();
  EXPECT_FALSE(controller_->has_more());
}

}  // namespace
}  // namespace podnamed::feed
