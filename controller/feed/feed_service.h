// The feed as a gRPC service: lets every subscriber follow one log. A subscriber costs a few kilobytes and no thread;
// besides gRPC's own there is one, for what must happen in time (Progress, Hello's deadline). Which message means what,
// and what ends a stream: feed.proto.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace grpc {
class CallbackServerContext;
class Service;
}  // namespace grpc

namespace podnamed::controller {

class FeedLog;
class Subscription;

struct FeedServiceOptions {
  absl::Duration hello_timeout = absl::Seconds(5);      // from the stream's begin to Hello
  absl::Duration progress_interval = absl::Seconds(5);  // Progress comes at least as often
  absl::Duration end_grace = absl::Seconds(1);          // on Shutdown, for what is on its way
  size_t max_subscribers = 4096;                        // more are turned away
};

struct Subscriber {
  std::string node;    // who it says it is
  std::string peer;    // where it dials from
  uint64_t acked = 0;  // what its queries see
  uint64_t sent = 0;   // what it was sent
};

class FeedService {
 public:
  // `log` must outlive this.
  explicit FeedService(FeedLog& log, FeedServiceOptions options = {});
  // Shuts down. The grpc::Server that serves this must be gone by then.
  ~FeedService();

  // What a grpc::ServerBuilder registers.
  grpc::Service& grpc_service() { return *grpc_service_; }

  // Those that have said Hello.
  std::vector<Subscriber> Subscribers() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends all streams with UNAVAILABLE and returns when they are over; new ones are turned away.
  void Shutdown() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class GrpcService;

  Subscription* Subscribe(grpc::CallbackServerContext& context) ABSL_LOCKS_EXCLUDED(mutex_);
  void Remove(Subscription* subscription) ABSL_LOCKS_EXCLUDED(mutex_);
  void RunTicker(const std::stop_token& stop) ABSL_LOCKS_EXCLUDED(mutex_);
  // As they are now. They are looked at without the lock, for they lock themselves and call back.
  std::vector<std::shared_ptr<Subscription>> Current() const ABSL_LOCKS_EXCLUDED(mutex_);

  FeedLog& log_;
  const FeedServiceOptions options_;
  const std::unique_ptr<grpc::Service> grpc_service_;

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;  // a subscription is over
  absl::flat_hash_map<Subscription*, std::shared_ptr<Subscription>> subscriptions_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::jthread ticker_;
};

}  // namespace podnamed::controller
