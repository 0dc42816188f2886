// The source `kubernetes`: the objects of an API server as the desired state of the feed, for as long as both live.
// One thread of its own follows each kind of object by a list and a watch (kube/list_watch.h) and tells the index
// (identity/cluster_index.h) what comes; what one moment brings becomes one publication, at most every kBusyInterval.
//
// What is known stays through every failure, and the listener hears when one lasts. The cluster is complete when every
// kind has been listed once; a list that would remove too much is held (removal_hold.h) until a second one,
// `confirm_after` later, has said the same.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "controller/identity/cluster_index.h"
#include "controller/kube/access.h"
#include "controller/kube/http_client.h"
#include "controller/kube/list_watch.h"
#include "controller/source/kubernetes_metrics.h"
#include "controller/source/kubernetes_options.h"
#include "controller/source/removal_hold.h"
#include "controller/source/source.h"
#include "proto/podnamed/feed/v1/feed.pb.h"

namespace podnamed::controller {

struct KubernetesSourceOptions {
  KubernetesResources resources = {};
  RemovalLimits removals = {};
  std::chrono::milliseconds confirm_after{10'000};
  // A kind of object that is not followed for so long is lost, and what is answered is said to be old. As long as a
  // server bears a controller that says nothing (FeedClient::kSilenceLimit). Within it a watch that has ended is open
  // again, versions that have expired are listed anew, and an API server's replica that restarts has left us to
  // another: six attempts fit into it. A list that takes longer counts, for what is answered meanwhile is that old.
  std::chrono::milliseconds loss_grace{15'000};
  kube::HttpOptions http = {};
  kube::ListWatchOptions list_watch = {};
};

class KubernetesSource : public Source {
 public:
  static constexpr std::chrono::milliseconds kBusyInterval{5};

  // What the listener uses and `metrics`, if anybody counts, must outlive this. The listener is called on the source's
  // thread.
  KubernetesSource(kube::Access access, KubernetesSourceOptions options, SourceListener listener,
                   SourceMetrics* metrics = nullptr);
  ~KubernetesSource() override;
  KubernetesSource(const KubernetesSource&) = delete;
  KubernetesSource& operator=(const KubernetesSource&) = delete;

  // Returns at once, without an error. An API server that cannot be reached is asked for as long as it takes.
  absl::Status Start() override;

  // "EndpointSlice default/nginx-x7k2p" (ClusterIndex::ObjectFor).
  std::string PlaceOf(const feed::v1::Key& key) const override ABSL_LOCKS_EXCLUDED(mutex_);
  hold::v1::GetResponse held() const override ABSL_LOCKS_EXCLUDED(mutex_);
  void ReleaseHeld() override;

 private:
  class Follower;
  template <typename Object>
  class FollowerOf;

  template <typename Object>
  void AddFollower(const char* name, const char* path, std::string selector, bool has_protobuf);
  boost::asio::awaitable<void> Follow(Follower* follower);

  // Something came to the index: its changes are to be published. `happened` is when the cluster began to change.
  void OnChange(absl::Time happened);
  void Flush();
  // Whether every kind has been listed once.
  bool IsListed() const;
  void PublishFirstState();
  void PublishChanges();
  void PublishOps(std::vector<feed::v1::Op> ops, absl::Time origin_time);

  // Says to the listener what it does not know yet: that a kind has been lost for longer than the grace, that none is.
  void TellLoss();

  // Holds since now: a second list of everything will tell.
  void AwaitConfirmation();
  void Relist();
  // Until all lists have ended: what hinders them, said now and then, first after so long.
  void AwaitLists(std::chrono::milliseconds patience);
  void SayWhatListsWaitFor();
  void OnListed();
  void ReleaseNow(std::string_view why);

  const kube::Access access_;
  KubernetesSourceOptions options_;
  const SourceListener listener_;
  std::optional<KubernetesMetrics> metrics_;

  mutable absl::Mutex mutex_;  // for changes, and for who looks from outside; the source's thread reads without it
  ClusterIndex index_;
  RemovalHold hold_;
  absl::Time held_since_;
  std::vector<std::string> hold_waits_for_;  // for people: what hinders the second list; empty while nothing does

  // Of the source's thread.
  boost::asio::io_context context_{1};
  absl::BitGen random_;
  std::vector<std::unique_ptr<Follower>> followers_;
  boost::asio::steady_timer flush_timer_{context_};
  bool flush_is_due_ = false;
  std::chrono::steady_clock::time_point last_flush_;
  absl::Time first_change_ = absl::InfiniteFuture();  // of those that are not published
  bool is_complete_ = false;
  boost::asio::steady_timer loss_timer_{context_};  // when a grace is over
  struct Loss {
    std::chrono::steady_clock::time_point since;
    std::string why;
    friend bool operator==(const Loss&, const Loss&) = default;
  };
  std::optional<Loss> told_loss_;
  boost::asio::steady_timer confirm_timer_{context_};
  enum class Confirmation { kNone, kWaits, kLists, kListsAndAgain } confirmation_ = Confirmation::kNone;
  boost::asio::steady_timer lists_timer_{context_};
  bool is_stopping_ = false;

  std::thread thread_;
};

}  // namespace podnamed::controller
