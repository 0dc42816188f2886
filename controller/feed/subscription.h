// One subscriber's stream, as the controller sees it: greets it, sends it what it lacks, keeps its place in the log.
//
// A reactor of gRPC's callback interface: its reactions, Pump and the rest come on any thread, also at the same time.
// One message is on its way at a time and the next is chosen when it has left, so that a subscriber that reads slowly
// holds one message of memory and nothing else, and a batch that it could not take in time is simply read from the log
// later, or made up for by a snapshot.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "controller/feed/feed_log.h"
#include "controller/feed/feed_service.h"
#include "controller/feed/snapshot.h"

namespace podnamed::controller {

class Subscription final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  using Clock = std::chrono::steady_clock;

  // `log` must outlive this, and `context` lives as long as the call. Calls `on_done` last of all, once: gRPC has
  // nothing to do with this any more then.
  Subscription(FeedLog& log, grpc::CallbackServerContext& context, const FeedServiceOptions& options,
               std::function<void(Subscription*)> on_done);

  // Begins to read. Before it nothing happens.
  void Start();

  // Sends on, if there is something to send: the log has grown.
  void Pump() ABSL_LOCKS_EXCLUDED(mutex_);

  // A moment has passed, at most `tick` before the next: looks at the deadlines.
  void Tick(Clock::time_point now, Clock::duration tick) ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends the stream once the message on its way has left; the first status counts.
  void End(const grpc::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends it now, whatever is on its way.
  void Cancel() ABSL_LOCKS_EXCLUDED(mutex_);

  // Who it is and where it stands; std::nullopt before Hello.
  std::optional<Subscriber> subscriber() const ABSL_LOCKS_EXCLUDED(mutex_);

  void OnReadDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnCancel() override;
  void OnDone() override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  enum class Step { kNone, kTakeSnapshot, kWrite, kFinish };
  // Chooses what comes next. The caller does it without the lock, and until it is done nobody else gets a step.
  Step NextStep() ABSL_LOCKS_EXCLUDED(mutex_);
  // The next message, or nullptr: sets `wants_snapshot_` where only a snapshot can help.
  EncodedMessage NextMessage() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  EncodedMessage Welcome() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  EncodedMessage Progress() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Each takes one message in; what it returns, if it is not OK, ends the stream.
  grpc::Status Receive(const feed::v1::SubscribeRequest& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  grpc::Status Receive(const feed::v1::Hello& hello) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  grpc::Status Receive(const feed::v1::Ack& ack) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Receive(const feed::v1::Reject& reject) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void EndLocked(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CancelLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  FeedLog& log_;
  grpc::CallbackServerContext& context_;
  const FeedServiceOptions& options_;
  const std::function<void(Subscription*)> on_done_;
  const Clock::time_point opened_ = Clock::now();

  grpc::ByteBuffer incoming_;  // gRPC's between StartRead and OnReadDone, then OnReadDone's
  grpc::ByteBuffer outgoing_;  // belongs to who made this busy

  mutable absl::Mutex mutex_;
  Subscriber subscriber_ ABSL_GUARDED_BY(mutex_);
  bool greeted_ ABSL_GUARDED_BY(mutex_) = false;   // its Hello has come
  bool welcomed_ ABSL_GUARDED_BY(mutex_) = false;  // our Welcome has gone
  bool wants_snapshot_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<SnapshotMessages> snapshot_ ABSL_GUARDED_BY(mutex_);  // the one being sent
  bool progress_due_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<const SourceLoss> told_loss_ ABSL_GUARDED_BY(mutex_);  // what it was told of the source
  Clock::time_point last_progress_ ABSL_GUARDED_BY(mutex_);
  int rejects_ ABSL_GUARDED_BY(mutex_) = 0;                  // since last_progress_
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;                // a step is being done
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);  // how it shall end
  Clock::time_point ended_ ABSL_GUARDED_BY(mutex_);          // when end_ was set
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;            // Finish was called
  bool done_ ABSL_GUARDED_BY(mutex_) = false;                // context_ is gone
};

}  // namespace podnamed::controller
