#include "controller/source/kubernetes_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/util/time_util.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <ranges>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/time/clock.h"
#include "server/base/log.h"
#include "server/base/printable.h"

namespace podnamed::controller {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using feed::v1::Op;

constexpr std::string_view kComponent = "kubernetes";
constexpr size_t kExamples = 3;
constexpr size_t kMaxReason = 500;
constexpr std::chrono::seconds kAfterException{1};
constexpr std::chrono::milliseconds kMaxPatience = std::chrono::hours(1);

// When whoever wrote the slice saw the first of the changes that it shows (EndpointsLastChangeTriggerTime of
// k8s.io/api/core/v1): Kubernetes' programming latency begins there.
absl::Time HappenedAt(const k8s::discovery::v1::EndpointSlice& slice) {
  const absl::Time now = absl::Now();
  const auto annotation = slice.metadata().annotations().find("endpoints.kubernetes.io/last-change-trigger-time");
  absl::Time happened;
  const bool is_told = annotation != slice.metadata().annotations().end() &&
                       absl::ParseTime(absl::RFC3339_full, annotation->second, &happened, nullptr);
  return is_told ? std::min(happened, now) : now;
}
template <typename Object>
absl::Time HappenedAt(const Object&) {
  return absl::Now();
}

}  // namespace

// One kind of object: what its list and watch say, handed to the index.
class KubernetesSource::Follower : public kube::Sink {
 public:
  Follower(KubernetesSource& source, kube::Resource resource, ObjectKind kind)
      : source_(source), resource_(std::move(resource)), kind_(kind) {
    if (source_.metrics_) metrics_.emplace(source_.metrics_->Of(resource_.name));
  }

  const kube::Resource& resource() const { return resource_; }
  bool is_listed() const { return is_listed_; }
  bool is_confirming() const { return is_confirming_; }

  void OnRelistBegin() override {
    absl::MutexLock lock(&source_.mutex_);
    source_.index_.BeginRelist(kind_);
  }
  void OnRelistEnd() override {
    {
      absl::MutexLock lock(&source_.mutex_);
      source_.index_.EndRelist(kind_);
    }
    is_listed_ = true;
    is_confirming_ = false;
    if (metrics_) metrics_->lists.Increment();
    ShowObjects();
    source_.OnChange(absl::Now());
    source_.OnListed();
  }
  void OnDeleted(kube::MessagePtr object) override {
    const k8s::meta::v1::ObjectMeta& metadata = kube::MetadataOf(*object);
    {
      absl::MutexLock lock(&source_.mutex_);
      source_.index_.Delete(kind_, metadata.namespace_(), metadata.name(), metadata.uid());
    }
    source_.OnChange(absl::Now());
  }
  void OnSynced() override {
    lost_since_.reset();
    if (metrics_) metrics_->following.Set(1);
    source_.OnChange(absl::Now());  // is found when what it has brought is published
  }
  void OnWatchBegin() override {
    if (metrics_) metrics_->watches.Increment();
  }
  void OnLost(const absl::Status& why, bool /*is_news*/) override {
    if (source_.metrics_) source_.metrics_->CountError(why);
    Lose(std::string(why.message()));
  }
  // `why` may have been said by whoever answers at the server's address; it goes on in fields of protobuf.
  void Lose(const std::string& why) {
    if (!lost_since_) lost_since_ = Clock::now();
    lost_why_ = base::Printable(why.substr(0, kMaxReason));
    if (metrics_) metrics_->following.Set(0);
    source_.TellLoss();
  }

  // Since when the objects do not follow the server; std::nullopt: they do.
  std::optional<Clock::time_point> lost_since() const { return lost_since_; }
  // "services: API server 10.0.0.1:6443: cannot connect: Connection refused"
  std::string LostText() const { return fmt::format("{}: {}", resource_.name, lost_why_); }

  void ShowObjects() {
    if (metrics_) metrics_->objects.Set(static_cast<double>(source_.index_.objects(kind_)));
  }

  // Why its second list has not ended.
  std::string WaitText() const {
    return lost_since_ ? LostText() : fmt::format("{}: the list has not ended yet", resource_.name);
  }

  // Ends the list and watch that is running; Follow begins another.
  void BeginAnew(bool confirms) {
    is_confirming_ = confirms;
    cancel_.emit(asio::cancellation_type::terminal);
  }
  asio::cancellation_slot slot() { return cancel_.slot(); }

 protected:
  KubernetesSource& source_;

 private:
  const kube::Resource resource_;
  const ObjectKind kind_;
  std::optional<KubernetesMetrics::Resource> metrics_;
  bool is_listed_ = false;
  std::optional<Clock::time_point> lost_since_ = Clock::now();
  std::string lost_why_ = "not listed yet";
  bool is_confirming_ = false;  // it has not been listed since that was asked for
  asio::cancellation_signal cancel_;
};

template <typename Object>
class KubernetesSource::FollowerOf : public Follower {
 public:
  FollowerOf(KubernetesSource& source, kube::Resource resource)
      : Follower(source, std::move(resource), kKindOf<Object>) {}

  void OnObject(kube::MessagePtr message) override {
    const auto& object = static_cast<const Object&>(*message);
    {
      absl::MutexLock lock(&source_.mutex_);
      if (!source_.index_.Put(object)) return;
    }
    source_.OnChange(is_listed() ? HappenedAt(object) : absl::Now());
  }
};

KubernetesSource::KubernetesSource(kube::Access access, KubernetesSourceOptions options, SourceListener listener,
                                   SourceMetrics* metrics)
    : access_(std::move(access)),
      options_(std::move(options)),
      listener_(std::move(listener)),
      // Without a selector a namespace that is gone is one whose objects are. A list of namespaces alone takes nothing.
      index_({.pods_alone_are_identities = false,
              .objects_make_namespaces = options_.resources.namespace_selector.empty(),
              .has_pods = options_.resources.pods}),
      hold_(options_.removals) {
  if (metrics != nullptr) {
    metrics_.emplace(*metrics);
    options_.http.on_request = [this](const std::string& server, unsigned status, std::chrono::nanoseconds duration) {
      metrics_->ObserveRequest(server, status, duration);
    };
  }
  const KubernetesResources& resources = options_.resources;
  AddFollower<k8s::core::v1::Namespace>("namespaces", "/api/v1/namespaces", resources.namespace_selector, true);
  AddFollower<k8s::core::v1::Service>("services", "/api/v1/services", resources.service_selector, true);
  AddFollower<k8s::discovery::v1::EndpointSlice>("endpointslices", "/apis/discovery.k8s.io/v1/endpointslices", "",
                                                 true);
  if (resources.pods) AddFollower<k8s::core::v1::Pod>("pods", "/api/v1/pods", "", true);
  if (resources.service_imports) {
    AddFollower<k8s::multicluster::v1alpha1::ServiceImport>(
        "serviceimports", "/apis/multicluster.x-k8s.io/v1alpha1/serviceimports", "", false);
  }
}

template <typename Object>
void KubernetesSource::AddFollower(const char* name, const char* path, std::string selector, bool has_protobuf) {
  kube::Resource resource{.name = name,
                          .path = path,
                          .prototype = &Object::default_instance(),
                          .label_selector = std::move(selector),
                          .has_protobuf = has_protobuf};
  followers_.push_back(std::make_unique<FollowerOf<Object>>(*this, std::move(resource)));
}

absl::Status KubernetesSource::Start() {
  base::LogInfo(kComponent, "following {} of API server {}",
                fmt::join(followers_ | std::views::transform([](const auto& f) { return f->resource().name; }), ", "),
                access_.Url());
  if (access_.is_tls && access_.is_insecure) {
    base::LogWarning(kComponent,
                     "insecure-skip-tls-verify: anyone on the way to {} can pose as the API server and read our "
                     "credentials",
                     access_.HostAndPort());
  }
  for (const auto& follower : followers_) asio::co_spawn(context_, Follow(follower.get()), asio::detached);
  thread_ = std::thread([this] { context_.run(); });
  return absl::OkStatus();
}

KubernetesSource::~KubernetesSource() {
  if (!thread_.joinable()) return;
  asio::post(context_, [this] {
    is_stopping_ = true;
    flush_timer_.cancel();
    loss_timer_.cancel();
    confirm_timer_.cancel();
    lists_timer_.cancel();
    for (const auto& follower : followers_) follower->BeginAnew(false);
  });
  thread_.join();
}

asio::awaitable<void> KubernetesSource::Follow(Follower* follower) {
  while (!is_stopping_) {
    kube::ListWatch list_watch(kube::HttpClient(context_.get_executor(), access_, options_.http), follower->resource(),
                               *follower, random_, options_.list_watch);
    const auto [exception] =
        co_await asio::co_spawn(context_, list_watch.Run(),
                                asio::bind_cancellation_slot(follower->slot(), asio::as_tuple(asio::use_awaitable)));
    // It ends by cancellation alone, which is an exception of its own.
    try {
      if (exception) std::rethrow_exception(exception);
    } catch (const boost::system::system_error& error) {
      if (error.code() == asio::error::operation_aborted) continue;
      base::LogError(kComponent, "{}: {}; beginning anew", follower->resource().name, error.what());
      follower->Lose(error.what());
    } catch (const std::exception& error) {
      base::LogError(kComponent, "{}: {}; beginning anew", follower->resource().name, error.what());
      follower->Lose(error.what());
    }
    if (is_stopping_) co_return;
    asio::steady_timer timer(context_, kAfterException);
    co_await timer.async_wait(asio::bind_cancellation_slot(follower->slot(), asio::as_tuple(asio::use_awaitable)));
  }
}

// ---- publishing

// When nothing else has happened lately what comes is published as soon as the octets at hand have been read.
void KubernetesSource::OnChange(absl::Time happened) {
  first_change_ = std::min(first_change_, happened);
  if (flush_is_due_ || !IsListed()) return;
  flush_is_due_ = true;
  flush_timer_.expires_at(std::max(Clock::now(), last_flush_ + kBusyInterval));
  flush_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Flush();
  });
}

bool KubernetesSource::IsListed() const {
  return is_complete_ || absl::c_all_of(followers_, [](const auto& follower) { return follower->is_listed(); });
}

void KubernetesSource::Flush() {
  flush_is_due_ = false;
  is_complete_ ? PublishChanges() : PublishFirstState();
  for (const auto& follower : followers_) follower->ShowObjects();
  last_flush_ = Clock::now();
  TellLoss();
}

void KubernetesSource::PublishChanges() {
  std::vector<Op> ops;
  size_t held_before;
  size_t held;
  {
    absl::MutexLock lock(&mutex_);
    ops = index_.TakeChanges();
    held_before = hold_.size();
    ops = hold_.Pass(std::move(ops), index_.records());
    held = hold_.size();
    if (held_before == 0) held_since_ = absl::Now();
  }
  PublishOps(std::move(ops), std::exchange(first_change_, absl::InfiniteFuture()));
  if (metrics_) metrics_->SetHeld(held);
  if (held > held_before) AwaitConfirmation();
  if (held_before > 0 && held == 0) base::LogInfo(kComponent, "what was held has come back: nothing is removed");
}

// Nobody could see a part of it, so it comes when all of it is known; in pieces, each released before the next is made.
void KubernetesSource::PublishFirstState() {
  const absl::Time origin_time = std::exchange(first_change_, absl::InfiniteFuture());
  {
    absl::MutexLock lock(&mutex_);
    index_.TakeChanges(kRecordsInPiece, [&](std::vector<Op> ops) { PublishOps(std::move(ops), origin_time); });
  }
  is_complete_ = true;
  listener_.complete();
}

void KubernetesSource::PublishOps(std::vector<Op> ops, absl::Time origin_time) {
  if (!ops.empty()) listener_.publish(std::move(ops), origin_time);
}

// ---- loss

void KubernetesSource::TellLoss() {
  loss_timer_.cancel();
  if (is_stopping_) return;
  const Follower* first = nullptr;  // that was lost
  for (const auto& follower : followers_) {
    if (!follower->lost_since()) continue;
    if (first == nullptr || *follower->lost_since() < *first->lost_since()) first = follower.get();
  }
  const Clock::time_point grace_end =
      first == nullptr ? Clock::time_point::max() : *first->lost_since() + options_.loss_grace;
  if (Clock::now() >= grace_end) {
    Loss loss{.since = *first->lost_since(), .why = first->LostText()};
    if (told_loss_ == loss) return;
    told_loss_ = std::move(loss);
    listener_.lost(told_loss_->since, told_loss_->why);
    return;
  }
  if (std::exchange(told_loss_, std::nullopt)) listener_.found();
  if (first == nullptr) return;
  loss_timer_.expires_at(grace_end);
  loss_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) TellLoss();
  });
}

// ---- held removals

void KubernetesSource::AwaitConfirmation() {
  const hold::v1::GetResponse held = this->held();
  base::LogError(kComponent,
                 "HOLDING the removal of {} of {} records, which API server {} does not have any more: {}{}; they "
                 "answer as before until a second list says the same (podnamectl release removes them now)",
                 held.held(), held.records(), access_.HostAndPort(), fmt::join(held.examples(), ", "),
                 held.held() > kExamples ? ", …" : "");
  if (confirmation_ == Confirmation::kLists) confirmation_ = Confirmation::kListsAndAgain;
  if (confirmation_ != Confirmation::kNone && confirmation_ != Confirmation::kWaits) return;
  confirmation_ = Confirmation::kWaits;
  // Anew for what is held only now.
  confirm_timer_.expires_after(options_.confirm_after);
  confirm_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Relist();
  });
}

void KubernetesSource::Relist() {
  confirmation_ = Confirmation::kLists;
  for (const auto& follower : followers_) follower->BeginAnew(/*confirms=*/true);
  AwaitLists(options_.confirm_after);
}

// A list that is refused says nothing of what is gone, for as long as it is refused.
void KubernetesSource::AwaitLists(std::chrono::milliseconds patience) {
  lists_timer_.expires_after(patience);
  lists_timer_.async_wait([this, patience](const boost::system::error_code& error) {
    if (error || is_stopping_ || confirmation_ == Confirmation::kNone) return;
    SayWhatListsWaitFor();
    AwaitLists(std::min(2 * patience, kMaxPatience));
  });
}

void KubernetesSource::SayWhatListsWaitFor() {
  std::vector<std::string> reasons;
  for (const auto& follower : followers_) {
    if (follower->is_confirming()) reasons.push_back(follower->WaitText());
  }
  const uint64_t held = this->held().held();
  if (held > 0) {
    base::LogError(kComponent,
                   "STILL HOLDING the removal of {} records, until a second list of all kinds: {} (podnamectl release "
                   "removes them now)",
                   held, fmt::join(reasons, "; "));
  }
  absl::MutexLock lock(&mutex_);
  hold_waits_for_ = std::move(reasons);
}

// A list has ended, and what it changed is not published yet: what it brought back must be, and what it removes on top
// has been said once only.
void KubernetesSource::OnListed() {
  if (confirmation_ != Confirmation::kLists && confirmation_ != Confirmation::kListsAndAgain) return;
  if (absl::c_any_of(followers_, [](const auto& follower) { return follower->is_confirming(); })) return;
  lists_timer_.cancel();
  {
    absl::MutexLock lock(&mutex_);
    hold_waits_for_.clear();
  }
  flush_timer_.cancel();
  Flush();
  const Confirmation was = std::exchange(confirmation_, Confirmation::kNone);
  if (was == Confirmation::kListsAndAgain && held().held() > 0) {
    AwaitConfirmation();
  } else {
    ReleaseNow("a second list has said the same");
  }
}

void KubernetesSource::ReleaseNow(std::string_view why) {
  std::vector<Op> ops;
  {
    absl::MutexLock lock(&mutex_);
    ops = hold_.Release();
  }
  if (metrics_) metrics_->SetHeld(0);
  if (ops.empty()) return;
  base::LogWarning(kComponent, "removing {} records that were held: {}", ops.size(), why);
  PublishOps(std::move(ops), absl::Now());
}

// ---- from outside

std::string KubernetesSource::PlaceOf(const feed::v1::Key& key) const {
  absl::MutexLock lock(&mutex_);
  return index_.ObjectFor(key);
}

hold::v1::GetResponse KubernetesSource::held() const {
  hold::v1::GetResponse held;
  absl::MutexLock lock(&mutex_);
  if (hold_.size() == 0) return held;
  held.set_held(hold_.size());
  held.set_records(absl::c_accumulate(index_.records(), hold_.size()));
  for (std::string& example : hold_.Examples(kExamples)) held.add_examples(std::move(example));
  for (const std::string& reason : hold_waits_for_) held.add_waits_for(reason);
  *held.mutable_since() = google::protobuf::util::TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(held_since_));
  return held;
}

void KubernetesSource::ReleaseHeld() {
  asio::post(context_, [this] { ReleaseNow("somebody has asked for it"); });
}

}  // namespace podnamed::controller
