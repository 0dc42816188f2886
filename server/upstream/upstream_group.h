// Several upstreams that can stand in for each other, and one question: whom to ask first, whom next when that one
// fails, and when to give up. The same question asked twice at one time is asked upstream once. What CoreDNS's
// `forward` documents, and besides: an upstream that replies SERVFAIL, REFUSED or nonsense is not the last word while
// another has not been asked.
//
// One per worker, on the thread of `executor` alone. May be destroyed with questions in flight: nobody hears of them.
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "server/dns/name.h"
#include "server/dns/types.h"
#include "server/upstream/counters.h"
#include "server/upstream/question.h"
#include "server/upstream/upstream.h"

namespace podnamed::upstream {

// Microseconds to a reply: CoreDNS's buckets, 0.00025 s × 2^i.
inline constexpr auto kReplyBounds = [] {
  std::array<uint64_t, 16> bounds{};
  for (size_t i = 0; i < bounds.size(); ++i) bounds[i] = uint64_t{250} << i;
  return bounds;
}();

// What one upstream of a group counts besides Counters; the same rules.
struct MemberCounters {
  static constexpr size_t kRcodes = 16;

  std::shared_ptr<Counters> counters = std::make_shared<Counters>();
  std::array<base::Histogram<kReplyBounds>, kRcodes> replies;  // by rcode
  Counter useless;                                             // replies that another upstream had to mend
  Counter probes_failed;
};

// What a group counts.
struct GroupCounters {
  Counter all_down;   // questions that found every upstream down
  Counter coalesced;  // questions that another one was asked for
  Counter refused;    // by the group's owner, for there were too many
};

struct GroupOptions {
  enum class Policy : uint8_t { kRandom, kRoundRobin, kSequential };

  Policy policy = Policy::kRandom;
  bool force_tcp = false;                     // whatever the client speaks
  bool prefer_udp = false;                    // whatever the client speaks; what is truncated is asked again by TCP
  int max_fails = 2;                          // upstream_health.h
  int max_attempts = 0;                       // for one question; 0: twice for each upstream
  bool fail_fast = false;                     // ask nobody when all are down, instead of one of them
  std::vector<dns::Rcode> failover{};         // replies with these are not the last word either
  std::chrono::milliseconds deadline{5'000};  // for the whole of one question

  std::chrono::milliseconds probe_interval{500};
  bool probe_recursion = true;
  dns::Name probe_name{};  // what a probe asks the name servers of

  std::shared_ptr<GroupCounters> counters{};  // where it counts; nullptr: its own
};

// One upstream of a group.
struct GroupMember {
  std::string name;  // for people and metrics: "10.0.0.1:53"; one of a name each
  Options options;
  std::shared_ptr<MemberCounters> counters{};  // where it and its upstream count; nullptr: its own
};

class UpstreamGroup {
 public:
  using Clock = std::chrono::steady_clock;
  // The reply; without one, the last outcome and why. `member`: the name of the upstream that it is of.
  using Done = absl::AnyInvocable<void(const Reply& reply, const std::string& member)>;

  UpstreamGroup(boost::asio::any_io_executor executor, const GroupOptions& options);
  ~UpstreamGroup();
  UpstreamGroup(const UpstreamGroup&) = delete;
  UpstreamGroup& operator=(const UpstreamGroup&) = delete;

  // Those that had been there with the same name and options keep what is known of them.
  void SetMembers(const std::vector<GroupMember>& members);

  // `client` is how the client came, kUdp or kTcp. `done` is called once, perhaps before this returns.
  void Ask(Question question, Transport client, Done done);

  // To be called about once a second: gives back what was not needed since.
  void OnIdle();

  size_t in_flight() const;

  // Any thread may read them, also when this is gone.
  const std::shared_ptr<GroupCounters>& counters() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace podnamed::upstream
