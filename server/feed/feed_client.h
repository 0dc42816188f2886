// Keeps the state fed: dials the controller, drives one stream after the other, waits longer after each loss. While no
// stream lives, or the controller has lost its source, the state stays as it is, and answers go on from it and say so.
//
// Run is the feed thread, the only writer of the store. All that it waits for, gRPC's events, the silence limit, the
// wait before a redial and Stop, comes out of one completion queue, so there is no other thread and no lock.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/base/backoff.h"
#include "server/feed/log_quota.h"
#include "server/state/store.h"

namespace podnamed::feed {

namespace v1 {
class Progress;
}  // namespace v1

class FeedMetrics;

class FeedClient {
 public:
  // The controller says something at least every 5 s; a stream without a message for so long is lost.
  static constexpr absl::Duration kSilenceLimit = absl::Seconds(15);

  struct Options {
    std::string node;  // who we are, for the controller's log
    absl::Duration backoff_first = absl::Milliseconds(100);
    absl::Duration backoff_max = absl::Seconds(5);
    absl::Duration silence_limit = kSilenceLimit;
    FeedMetrics* metrics = nullptr;  // outlives the client; nullptr: nobody counts
  };

  // To the controller at `address`. Gives up a connection on which nothing comes for so long: where the other end went
  // without a word, each new stream would be lost as the one before, until the kernel gives up in a quarter of an hour.
  static std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                                    absl::Duration silence_limit = kSilenceLimit);

  // `store` must outlive this.
  FeedClient(std::shared_ptr<grpc::Channel> channel, state::Store& store, Options options);
  // REQUIRES: Run has returned, or was never called.
  ~FeedClient();

  // Returns after Stop. Call once.
  void Run();
  // Ends Run soon, whatever it waits for; a message that is being applied is applied to its end. Any thread.
  void Stop();

  // Whether a controller has said Welcome on a stream that lives, and when it last said anything (InfinitePast: never).
  // Any thread.
  bool connected() const { return connected_; }
  absl::Time last_message() const;
  // What the controller of a stream that lives has said of a source that it has lost: since when, and for a person,
  // why. Any thread.
  struct LostSource {
    absl::Time since;
    std::string why;
  };
  std::optional<LostSource> lost_source() const ABSL_LOCKS_EXCLUDED(mutex_);
  // For a person: how the last stream ended, and why; empty before one did. Any thread.
  std::string last_error() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class Stream;

  void WaitToRedial(const std::string& ending);
  // Takes in what the controller says of its source.
  void HearOfSource(const v1::Progress& progress) ABSL_LOCKS_EXCLUDED(mutex_);
  void SetLostSource(std::optional<LostSource> lost) ABSL_LOCKS_EXCLUDED(mutex_);
  void ShowStaleness() ABSL_LOCKS_EXCLUDED(mutex_);
  // For a person: from what is answered.
  std::string AnswersLine() const;

  static constexpr int64_t kNever = std::numeric_limits<int64_t>::min();

  const std::shared_ptr<grpc::Channel> channel_;
  state::Store& store_;
  const Options options_;

  grpc::CompletionQueue queue_;
  grpc::Alarm stop_alarm_;  // brings Stop into the queue
  std::atomic<bool> stop_called_ = false;
  bool stopping_ = false;  // Run has seen it

  absl::BitGen random_;
  base::Backoff backoff_;
  bool may_resume_ = true;  // false after a violation, until the state is sound again
  // Since when what is published is not fed: from the loss of the stream that published it, until one has caught up.
  absl::Time lost_since_ = absl::InfiniteFuture();
  // A controller that is dead for an hour, or comes and goes all day, must not fill a disk.
  LogQuota sync_lines_{12, absl::Minutes(1)};
  LogQuota lost_lines_{6, absl::Minutes(1)};
  LogQuota source_lines_{6, absl::Minutes(1)};
  LogQuota rejected_lines_{30, absl::Minutes(1)};

  mutable absl::Mutex mutex_;
  std::string last_error_ ABSL_GUARDED_BY(mutex_);
  std::optional<LostSource> lost_source_ ABSL_GUARDED_BY(mutex_);  // written by the feed thread

  std::atomic<bool> connected_ = false;
  std::atomic<int64_t> last_message_ns_ = kNever;  // since the Unix epoch
};

}  // namespace podnamed::feed
