#include "controller/feed/subscription.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "proto/podnamed/feed/v1/feed.grpc.pb.h"
#include "proto/podnamed/feed/v1/feed_key.h"
#include "server/base/log.h"

namespace podnamed::controller {
namespace {

using feed::v1::Ack;
using feed::v1::Hello;
using feed::v1::Reject;
using feed::v1::SubscribeRequest;
using feed::v1::SubscribeResponse;

// Lines about rejected records per subscriber and progress interval: a snapshot may hold thousands of one kind.
constexpr int kMaxRejectLines = 10;

// What a subscriber wrote, fit for one line of the log.
std::string Quoted(std::string_view text) {
  constexpr size_t kMaxQuoted = 256;
  return absl::Utf8SafeCEscape(std::string(text.substr(0, kMaxQuoted)));
}

grpc::Status Violation(const std::string& message) { return {grpc::StatusCode::INVALID_ARGUMENT, message}; }

// What gRPC calls when the last slice of a message has gone.
void ReleaseMessage(void* owner) { delete static_cast<EncodedMessage*>(owner); }

// The octets themselves, not a copy.
grpc::ByteBuffer Share(EncodedMessage message) {
  auto owner = std::make_unique<EncodedMessage>(std::move(message));
  const std::string& octets = **owner;
  const grpc::Slice slice(const_cast<char*>(octets.data()), octets.size(), ReleaseMessage, owner.release());
  return {&slice, 1};
}

std::string_view OctetsOf(const Epoch& epoch) { return {reinterpret_cast<const char*>(epoch.data()), epoch.size()}; }

}  // namespace

Subscription::Subscription(FeedLog& log, grpc::CallbackServerContext& context, const FeedServiceOptions& options,
                           std::function<void(Subscription*)> on_done)
    : log_(log), context_(context), options_(options), on_done_(std::move(on_done)) {
  absl::MutexLock lock(&mutex_);
  subscriber_.peer = context.peer();
}

void Subscription::Start() { StartRead(&incoming_); }

void Subscription::Pump() {
  while (true) {
    switch (NextStep()) {
      case Step::kNone:
        return;
      case Step::kTakeSnapshot: {
        // Without the lock: it may take a while, and who notifies us must not wait for it.
        std::shared_ptr<const Snapshot> snapshot = log_.TakeSnapshot();
        absl::MutexLock lock(&mutex_);
        snapshot_.emplace(std::move(snapshot));
        wants_snapshot_ = false;
        busy_ = false;
        break;
      }
      case Step::kWrite:
        StartWrite(&outgoing_);
        return;
      case Step::kFinish: {
        grpc::Status status;
        {
          absl::MutexLock lock(&mutex_);
          status = *end_;
        }
        Finish(status);
        return;
      }
    }
  }
}

Subscription::Step Subscription::NextStep() {
  absl::MutexLock lock(&mutex_);
  if (busy_ || finished_) return Step::kNone;
  if (end_) {
    finished_ = true;
    return Step::kFinish;
  }
  if (!greeted_) return Step::kNone;
  if (EncodedMessage message = NextMessage()) {
    outgoing_ = Share(std::move(message));
    busy_ = true;
    return Step::kWrite;
  }
  if (wants_snapshot_ && log_.complete()) {
    busy_ = true;
    return Step::kTakeSnapshot;
  }
  return Step::kNone;
}

EncodedMessage Subscription::NextMessage() {
  if (!welcomed_) return Welcome();
  if (snapshot_) {
    // To its end, also when the log has gone past it meanwhile: a subscriber too slow for the log then sees one whole
    // state after the other, instead of the beginnings of many.
    EncodedMessage message = snapshot_->Next();
    if (snapshot_->done()) {
      subscriber_.sent = snapshot_->revision();
      snapshot_.reset();
    }
    return message;
  }
  if (progress_due_) return Progress();
  if (wants_snapshot_) return nullptr;
  std::optional<EncodedMessage> batch = log_.BatchAfter(subscriber_.sent);
  if (!batch) {
    wants_snapshot_ = true;
    return nullptr;
  }
  if (*batch == nullptr) return log_.source_loss() != told_loss_ ? Progress() : nullptr;
  ++subscriber_.sent;
  return *std::move(batch);
}

EncodedMessage Subscription::Progress() {
  progress_due_ = false;
  SubscribeResponse response;
  // In this order: what a source has brought is in the log before it is found.
  const std::shared_ptr<const SourceLoss> loss = log_.source_loss();
  response.mutable_progress()->set_head(log_.head());
  // Who has not got all of that yet does not hear that it is found.
  if (loss != nullptr || subscriber_.sent == response.progress().head()) told_loss_ = loss;
  if (told_loss_ != nullptr) {
    feed::v1::SourceLoss& told = *response.mutable_progress()->mutable_source_loss();
    *told.mutable_age() = ToDuration(Clock::now() - told_loss_->since);
    told.set_why(told_loss_->why);
  }
  return Encode(response);
}

EncodedMessage Subscription::Welcome() {
  welcomed_ = true;
  SubscribeResponse response;
  feed::v1::Welcome& welcome = *response.mutable_welcome();
  welcome.set_epoch(std::string(OctetsOf(log_.epoch())));
  welcome.set_head(log_.head());
  welcome.set_mode(wants_snapshot_ ? feed::v1::SNAPSHOT : feed::v1::RESUME);
  return Encode(response);
}

void Subscription::OnReadDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    SubscribeRequest request;
    if (!ok) {
      EndLocked(greeted_ ? grpc::Status::OK : Violation("the stream ended before Hello"));
    } else if (!grpc::SerializationTraits<SubscribeRequest>::Deserialize(&incoming_, &request).ok()) {
      EndLocked(Violation("a message is no podnamed.feed.v1.SubscribeRequest"));
    } else if (grpc::Status status = Receive(request); !status.ok()) {
      EndLocked(status);
    }
    ok = ok && !end_;
  }
  if (ok) StartRead(&incoming_);
  Pump();
}

void Subscription::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    busy_ = false;
    outgoing_.Clear();
    if (!ok) EndLocked(grpc::Status::CANCELLED);
  }
  Pump();
}

void Subscription::OnCancel() { End(grpc::Status::CANCELLED); }

void Subscription::OnDone() {
  {
    absl::MutexLock lock(&mutex_);
    done_ = true;
    if (end_->error_code() == grpc::StatusCode::INVALID_ARGUMENT) {
      base::LogWarning("feed", "subscriber '{}' at {} broke the protocol: {}", subscriber_.node, subscriber_.peer,
                       end_->error_message());
    } else {
      base::LogInfo("feed", "subscriber '{}' at {} has gone, it saw revision {}", subscriber_.node, subscriber_.peer,
                    subscriber_.acked);
    }
  }
  on_done_(this);
}

void Subscription::End(const grpc::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    EndLocked(status);
  }
  Pump();
}

void Subscription::EndLocked(const grpc::Status& status) {
  if (end_) return;
  end_ = status;
  ended_ = Clock::now();
}

void Subscription::Cancel() {
  absl::MutexLock lock(&mutex_);
  CancelLocked();
}

void Subscription::CancelLocked() {
  if (!done_) context_.TryCancel();
}

void Subscription::Tick(Clock::time_point now, Clock::duration tick) {
  {
    absl::MutexLock lock(&mutex_);
    if (!greeted_ && now - opened_ >= absl::ToChronoNanoseconds(options_.hello_timeout)) {
      EndLocked(Violation(fmt::format("no Hello came within {}", absl::FormatDuration(options_.hello_timeout))));
    }
    if (greeted_ && now + tick > last_progress_ + absl::ToChronoNanoseconds(options_.progress_interval)) {
      last_progress_ = now;
      progress_due_ = true;
      if (rejects_ > kMaxRejectLines) {
        base::LogWarning("feed", "subscriber '{}' rejected {} more", subscriber_.node, rejects_ - kMaxRejectLines);
      }
      rejects_ = 0;
    }
    // The last message cannot leave, for nobody reads.
    if (end_ && now - ended_ >= absl::ToChronoNanoseconds(options_.end_grace)) CancelLocked();
  }
  Pump();
}

grpc::Status Subscription::Receive(const SubscribeRequest& request) {
  if (request.message_case() == SubscribeRequest::kHello) return Receive(request.hello());
  if (!greeted_) return Violation("the first message must be Hello");
  switch (request.message_case()) {
    case SubscribeRequest::kAck:
      return Receive(request.ack());
    case SubscribeRequest::kReject:
      Receive(request.reject());
      break;
    case SubscribeRequest::kHello:
    case SubscribeRequest::MESSAGE_NOT_SET:  // one that a later version knows
      break;
  }
  return grpc::Status::OK;
}

grpc::Status Subscription::Receive(const Hello& hello) {
  if (greeted_) return Violation("Hello came twice");
  greeted_ = true;
  last_progress_ = Clock::now();
  subscriber_.node = Quoted(hello.node());
  if (hello.has_resume() && hello.resume().epoch() == OctetsOf(log_.epoch()) &&
      log_.Covers(hello.resume().revision())) {
    subscriber_.acked = subscriber_.sent = hello.resume().revision();
    base::LogInfo("feed", "subscriber '{}' at {} resumes after revision {}", subscriber_.node, subscriber_.peer,
                  subscriber_.sent);
  } else {
    wants_snapshot_ = true;
    base::LogInfo("feed", "subscriber '{}' at {} gets a snapshot", subscriber_.node, subscriber_.peer);
  }
  return grpc::Status::OK;
}

grpc::Status Subscription::Receive(const Ack& ack) {
  if (ack.revision() > subscriber_.sent) {
    return Violation(
        fmt::format("Ack of revision {}, but the newest one sent is {}", ack.revision(), subscriber_.sent));
  }
  subscriber_.acked = std::max(subscriber_.acked, ack.revision());
  return grpc::Status::OK;
}

void Subscription::Receive(const Reject& reject) {
  if (++rejects_ > kMaxRejectLines) return;
  base::LogWarning("feed", "subscriber '{}' rejected {} of revision {}: {}", subscriber_.node,
                   reject.has_key() ? Quoted(KeyText(ViewOf(reject.key()))) : "the snapshot", reject.revision(),
                   Quoted(reject.message()));
}

std::optional<Subscriber> Subscription::subscriber() const {
  absl::MutexLock lock(&mutex_);
  if (!greeted_ || done_) return std::nullopt;
  return subscriber_;
}

}  // namespace podnamed::controller
