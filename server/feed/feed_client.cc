#include "server/feed/feed_client.h"

#include <fmt/format.h>
#include <google/protobuf/arena.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/time/clock.h"
#include "proto/podnamed/feed/v1/feed.grpc.pb.h"
#include "proto/podnamed/feed/v1/feed_key.h"
#include "server/base/log.h"
#include "server/feed/feed_metrics.h"
#include "server/feed/feed_session.h"

namespace podnamed::feed {
namespace {

using base::LogLevel;

// What comes out of the queue.
enum class Event : intptr_t { kStop, kStarted, kRead, kWritten, kFinished };

void* TagOf(Event event) { return reinterpret_cast<void*>(event); }
Event EventOf(void* tag) { return static_cast<Event>(reinterpret_cast<intptr_t>(tag)); }

gpr_timespec DeadlineAfter(absl::Duration duration) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(absl::ToInt64Nanoseconds(duration), GPR_TIMESPAN));
}

std::string ToText(const grpc::Status& status) {
  if (status.ok()) return "the controller ended the stream";
  // The codes are the same numbers.
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message()).ToString();
}

// Text that came from outside, fit for a log line.
std::string Printable(const std::string& text) {
  constexpr size_t kShown = 500;
  return absl::CHexEscape(text.substr(0, kShown));
}

std::string RejectedLine(const v1::Reject& reject) {
  return fmt::format("rejected at revision {}: {}: {}", reject.revision(),
                     Printable(v1::KeyText(v1::ViewOf(reject.key()))), reject.message());
}

void WriteLog(LogLevel level, LogQuota& quota, const std::string& line) {
  if (const std::optional<std::string> left_out = quota.Admit(absl::Now())) {
    base::WriteLog(level, "feed", line + *left_out);
  }
}

}  // namespace

// One stream, from the dial to its end: at most one read and one write are under way on it.
class FeedClient::Stream {
 public:
  explicit Stream(FeedClient& client);

  // Drives the stream to its end, when nothing is under way any more. Returns for a person how it ended, and why.
  std::string Run();

  bool synced() const { return session_.synced(); }
  bool violated() const { return !violation_.ok(); }

 private:
  using Stub = grpc::TemplatedGenericStub<v1::SubscribeRequest, grpc::ByteBuffer>;
  static constexpr char kSubscribe[] = "/podnamed.feed.v1.Feed/Subscribe";

  void OnEvent(Event event, bool ok);
  void OnMessage();
  absl::Status Receive();
  void ReadOn();
  void WriteOn();
  void Finish();
  // Ends soon what is under way, without success.
  void Cancel();
  std::string SyncedLine() const;
  std::string Reason() const;

  FeedClient& client_;
  const absl::Time dialled_ = absl::Now();
  FeedSession session_;
  // Being read. As octets, for gRPC would not tell one that cannot be decoded from the end of the stream.
  grpc::ByteBuffer incoming_;

  grpc::ClientContext context_;
  const std::unique_ptr<grpc::ClientAsyncReaderWriter<v1::SubscribeRequest, grpc::ByteBuffer>> call_;
  int under_way_ = 0;  // events that are to come
  bool reading_ = false;
  bool writing_ = false;
  bool may_read_ = true;   // until the controller's half has ended
  bool may_write_ = true;  // until our half has
  gpr_timespec deadline_;  // when waiting for the next message ends

  absl::Status violation_;
  bool silent_ = false;
  grpc::Status status_;
};

FeedClient::Stream::Stream(FeedClient& client)
    : client_(client),
      session_(client.store_, client.may_resume_ ? client.store_.position() : std::nullopt, client.options_.node),
      call_(Stub(client.channel_).PrepareCall(&context_, kSubscribe, &client.queue_)),
      deadline_(DeadlineAfter(client.options_.silence_limit)) {}

std::string FeedClient::Stream::Run() {
  ++under_way_;
  call_->StartCall(TagOf(Event::kStarted));
  while (under_way_ > 0) {
    void* tag = nullptr;
    bool ok = false;
    if (client_.queue_.AsyncNext(&tag, &ok, deadline_) == grpc::CompletionQueue::TIMEOUT) {
      silent_ = true;
      Cancel();
    } else {
      OnEvent(EventOf(tag), ok);
    }
  }
  client_.connected_ = false;
  // Also if it had not caught up: what it has published is answered from. And where the controller had lost its source
  // before, nothing has been heard of the cluster since then.
  if (client_.store_.position()) {
    const std::optional<LostSource> source = client_.lost_source();
    client_.lost_since_ =
        std::min({client_.lost_since_, client_.last_message(), source ? source->since : absl::InfiniteFuture()});
  }
  client_.SetLostSource(std::nullopt);
  return fmt::format("{}: {}", session_.welcomed() ? "lost" : "not connected", Reason());
}

std::string FeedClient::Stream::Reason() const {
  if (violated()) return violation_.ToString();
  if (silent_) return fmt::format("no message for {}", absl::FormatDuration(client_.options_.silence_limit));
  return ToText(status_);
}

void FeedClient::Stream::OnEvent(Event event, bool ok) {
  if (event == Event::kStop) {
    client_.stopping_ = true;
    Cancel();
    return;
  }
  --under_way_;
  switch (event) {
    case Event::kStarted:
      if (!ok) return Finish();
      break;
    case Event::kRead:
      if (!ok) return Finish();
      reading_ = false;
      if (!violated()) OnMessage();
      break;
    case Event::kWritten:
      writing_ = false;
      if (!ok) may_write_ = false;
      break;
    case Event::kFinished:
      // gRPC does not hand out a message above its limit, it ends the stream. To resume would bring it again.
      if (session_.welcomed() && !violated() && status_.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
        violation_ = absl::FailedPreconditionError(status_.error_message());
      }
      return;
    case Event::kStop:
      return;
  }
  WriteOn();
  ReadOn();
}

void FeedClient::Stream::OnMessage() {
  client_.last_message_ns_ = absl::ToUnixNanos(absl::Now());
  const bool was_welcomed = session_.welcomed();
  const bool was_synced = session_.synced();
  violation_ = Receive();
  // A violation ends the stream; what waits to be said, the Reject of a digest above all, gets this long to arrive.
  constexpr absl::Duration kFarewell = absl::Seconds(1);
  deadline_ = DeadlineAfter(violated() ? kFarewell : client_.options_.silence_limit);
  if (session_.welcomed() && !was_welcomed) {
    client_.connected_ = true;
    WriteLog(LogLevel::kInfo, client_.sync_lines_, fmt::format("connected to {}", context_.peer()));
  }
  if (session_.synced() && !was_synced) {
    client_.lost_since_ = absl::InfiniteFuture();
    client_.ShowStaleness();
    WriteLog(LogLevel::kInfo, client_.sync_lines_, SyncedLine());
  }
}

absl::Status FeedClient::Stream::Receive() {
  google::protobuf::Arena arena;  // frees all records at once
  auto& message = *google::protobuf::Arena::CreateMessage<v1::SubscribeResponse>(&arena);
  if (!grpc::SerializationTraits<v1::SubscribeResponse>::Deserialize(&incoming_, &message).ok()) {
    return absl::FailedPreconditionError("a message is no podnamed.feed.v1.SubscribeResponse");
  }
  const absl::Status status = session_.Receive(message);
  FeedMetrics* const metrics = client_.options_.metrics;
  if (status.ok() && message.has_batch() && metrics != nullptr) metrics->OnBatch(message.batch(), absl::Now());
  if (status.ok() && message.has_progress()) client_.HearOfSource(message.progress());
  return status;
}

void FeedClient::Stream::ReadOn() {
  // A controller that brings what we reject and does not read why must wait: memory has a bound.
  constexpr size_t kMaxWaitingReplies = 1000;
  if (reading_ || !may_read_) return;
  if (may_write_ && session_.waiting_replies() > kMaxWaitingReplies) return;
  reading_ = true;
  ++under_way_;
  call_->Read(&incoming_, TagOf(Event::kRead));
}

void FeedClient::Stream::WriteOn() {
  if (writing_ || !may_write_) return;
  if (const std::optional<v1::SubscribeRequest> reply = session_.NextReply()) {
    // A Reject without a key speaks of a whole snapshot; the line about the end of the stream says the same.
    if (reply->reject().has_key()) {
      WriteLog(LogLevel::kWarning, client_.rejected_lines_, RejectedLine(reply->reject()));
      if (client_.options_.metrics != nullptr) client_.options_.metrics->OnRejected();
    }
    call_->Write(*reply, TagOf(Event::kWritten));
  } else if (violated()) {
    may_write_ = false;
    call_->WritesDone(TagOf(Event::kWritten));
  } else {
    return;
  }
  writing_ = true;
  ++under_way_;
}

void FeedClient::Stream::Finish() {
  may_read_ = false;
  may_write_ = false;
  ++under_way_;
  call_->Finish(&status_, TagOf(Event::kFinished));
}

void FeedClient::Stream::Cancel() {
  context_.TryCancel();
  deadline_ = gpr_inf_future(GPR_CLOCK_MONOTONIC);
}

std::string FeedClient::Stream::SyncedLine() const {
  const std::optional<SnapshotTotals> totals = session_.snapshot_totals();
  return fmt::format(
      "synced at revision {}, {} ms after the dial: {}", client_.store_.position()->revision,
      absl::ToInt64Milliseconds(absl::Now() - dialled_),
      totals ? fmt::format("snapshot, records: {}, rejected: {}", totals->records, totals->rejected) : "resumed");
}

std::shared_ptr<grpc::Channel> FeedClient::MakeChannel(const std::string& address, absl::Duration silence_limit) {
  const int limit_ms = static_cast<int>(absl::ToInt64Milliseconds(silence_limit));
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, limit_ms * 2 / 3);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, limit_ms / 3);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // no limit: for hours we may have nothing to say
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

FeedClient::FeedClient(std::shared_ptr<grpc::Channel> channel, state::Store& store, Options options)
    : channel_(std::move(channel)),
      store_(store),
      options_(std::move(options)),
      backoff_(options_.backoff_first, options_.backoff_max, random_) {}

FeedClient::~FeedClient() {
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {  // a Stop that nobody waited for any more
  }
}

void FeedClient::Run() {
  while (!stopping_) {
    // When to dial is for our backoff alone to say: the channel's own grows to minutes.
    grpc::experimental::ChannelResetConnectionBackoff(channel_.get());
    std::string ending;
    {
      Stream stream(*this);
      ending = stream.Run();
      if (stream.violated()) {
        may_resume_ = false;
      } else if (stream.synced()) {
        may_resume_ = true;
        backoff_.Reset();
      }
    }
    if (!stopping_) WaitToRedial(ending);
  }
}

void FeedClient::WaitToRedial(const std::string& ending) {
  {
    absl::MutexLock lock(&mutex_);
    last_error_ = Printable(ending);
  }
  const absl::Duration wait = backoff_.Next();
  WriteLog(
      LogLevel::kWarning, lost_lines_,
      fmt::format("{}; {}, next dial in {} ms", Printable(ending), AnswersLine(), absl::ToInt64Milliseconds(wait)));
  void* tag = nullptr;
  bool ok = false;
  // Between two streams nothing but Stop comes out of the queue.
  if (queue_.AsyncNext(&tag, &ok, DeadlineAfter(wait)) == grpc::CompletionQueue::GOT_EVENT) stopping_ = true;
}

void FeedClient::HearOfSource(const v1::Progress& progress) {
  const bool was_lost = lost_source().has_value();
  if (!progress.has_source_loss()) {
    if (was_lost) WriteLog(LogLevel::kInfo, source_lines_, "the controller follows its source again");
    if (was_lost) SetLostSource(std::nullopt);
    return;
  }
  // Anew each time: a clock that somebody has set is right again with the next.
  const absl::Duration age = DecodeAge(progress.source_loss().age());
  LostSource lost{.since = absl::Now() - age, .why = Printable(progress.source_loss().why())};
  if (!was_lost) {
    WriteLog(LogLevel::kWarning, source_lines_,
             fmt::format("the controller has lost its source {} ago: {}; {}",
                         absl::FormatDuration(absl::Trunc(age, absl::Seconds(1))), lost.why, AnswersLine()));
  }
  SetLostSource(std::move(lost));
}

void FeedClient::SetLostSource(std::optional<LostSource> lost) {
  {
    absl::MutexLock lock(&mutex_);
    lost_source_ = std::move(lost);
  }
  ShowStaleness();
}

void FeedClient::ShowStaleness() {
  const std::optional<LostSource> source = lost_source();
  store_.SetStaleSince(source && store_.position() ? std::min(lost_since_, source->since) : lost_since_);
}

std::string FeedClient::AnswersLine() const {
  const std::optional<state::Position> position = store_.position();
  return position ? fmt::format("answers go on from revision {}", position->revision)
                  : "there is no state to answer from yet";
}

void FeedClient::Stop() {
  if (stop_called_.exchange(true)) return;
  stop_alarm_.Set(&queue_, gpr_inf_past(GPR_CLOCK_MONOTONIC), TagOf(Event::kStop));
}

std::string FeedClient::last_error() const {
  absl::MutexLock lock(&mutex_);
  return last_error_;
}

std::optional<FeedClient::LostSource> FeedClient::lost_source() const {
  absl::MutexLock lock(&mutex_);
  return lost_source_;
}

absl::Time FeedClient::last_message() const {
  const int64_t ns = last_message_ns_;
  return ns == kNever ? absl::InfinitePast() : absl::FromUnixNanos(ns);
}

}  // namespace podnamed::feed
