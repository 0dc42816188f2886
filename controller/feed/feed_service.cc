#include "controller/feed/feed_service.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "controller/feed/feed_log.h"
#include "controller/feed/subscription.h"
#include "proto/podnamed/feed/v1/feed.grpc.pb.h"

namespace podnamed::controller {

// Raw: messages go out as the octets that the log encoded once.
class FeedService::GrpcService final : public feed::v1::Feed::WithRawCallbackMethod_Subscribe<feed::v1::Feed::Service> {
 public:
  explicit GrpcService(FeedService& service) : service_(service) {}

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Subscribe(
      grpc::CallbackServerContext* context) override {
    return service_.Subscribe(*context);
  }

 private:
  FeedService& service_;
};

FeedService::FeedService(FeedLog& log, FeedServiceOptions options)
    : log_(log), options_(options), grpc_service_(std::make_unique<GrpcService>(*this)) {
  log_.SetListener([this] {
    for (const std::shared_ptr<Subscription>& subscription : Current()) subscription->Pump();
  });
  ticker_ = std::jthread([this](const std::stop_token& stop) { RunTicker(stop); });
}

FeedService::~FeedService() { Shutdown(); }

Subscription* FeedService::Subscribe(grpc::CallbackServerContext& context) {
  const auto subscription =
      std::make_shared<Subscription>(log_, context, options_, [this](Subscription* gone) { Remove(gone); });
  bool stopping = false;
  bool full = false;
  {
    absl::MutexLock lock(&mutex_);
    stopping = stopping_;
    full = subscriptions_.size() >= options_.max_subscribers;
    subscriptions_.emplace(subscription.get(), subscription);
  }
  if (stopping) {
    subscription->End({grpc::StatusCode::UNAVAILABLE, "controller is stopping"});
  } else if (full) {
    subscription->End({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many subscribers"});
  } else {
    subscription->Start();
  }
  return subscription.get();
}

void FeedService::Remove(Subscription* subscription) {
  std::shared_ptr<Subscription> last;  // goes after the lock: it may be the only one that holds the subscription
  absl::MutexLock lock(&mutex_);
  last = std::move(subscriptions_.extract(subscription).mapped());
  changed_.SignalAll();
}

std::vector<std::shared_ptr<Subscription>> FeedService::Current() const {
  std::vector<std::shared_ptr<Subscription>> current;
  absl::MutexLock lock(&mutex_);
  current.reserve(subscriptions_.size());
  for (const auto& [_, subscription] : subscriptions_) current.push_back(subscription);
  return current;
}

std::vector<Subscriber> FeedService::Subscribers() const {
  std::vector<Subscriber> subscribers;
  for (const std::shared_ptr<Subscription>& subscription : Current()) {
    if (std::optional<Subscriber> subscriber = subscription->subscriber())
      subscribers.push_back(*std::move(subscriber));
  }
  return subscribers;
}

// Abseil waits by the wall clock: set back by an hour it would keep Progress back for an hour. The standard library
// waits by the steady one.
void FeedService::RunTicker(const std::stop_token& stop) {
  const auto tick = absl::ToChronoNanoseconds(std::min(options_.hello_timeout, options_.progress_interval) / 5);
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  while (!stopped.wait_for(lock, stop, tick, [&stop] { return stop.stop_requested(); })) {
    for (const std::shared_ptr<Subscription>& subscription : Current()) {
      subscription->Tick(Subscription::Clock::now(), tick);
    }
  }
}

void FeedService::Shutdown() {
  {
    absl::MutexLock lock(&mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  log_.SetListener(nullptr);
  ticker_.request_stop();
  ticker_.join();
  for (const std::shared_ptr<Subscription>& subscription : Current()) {
    subscription->End({grpc::StatusCode::UNAVAILABLE, "controller is stopping"});
  }
  const absl::Time grace = absl::Now() + options_.end_grace;
  {
    absl::MutexLock lock(&mutex_);
    while (!subscriptions_.empty() && !changed_.WaitWithDeadline(&mutex_, grace)) {
    }
  }
  for (const std::shared_ptr<Subscription>& subscription : Current()) subscription->Cancel();
  absl::MutexLock lock(&mutex_);
  while (!subscriptions_.empty()) changed_.Wait(&mutex_);
}

}  // namespace podnamed::controller
