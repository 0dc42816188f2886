#include "server/upstream/upstream_group.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/random/random.h"
#include "server/dns/message_view.h"
#include "server/upstream/upstream_health.h"

// GCC 12 takes Asio's own allocation of coroutines for a mismatch under sanitizers.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace podnamed::upstream {
namespace {

namespace asio = boost::asio;
using dns::Rcode;

constexpr std::chrono::seconds kProbeDeadline(1);
// Upstreams that are asked for one question although one has replied that it cannot answer.
constexpr int kOpinions = 2;

// What makes two questions the same, upstream.
std::string KeyOf(const Question& question, Transport client) {
  std::string key(question.name.Folded().wire());
  for (const uint16_t number : {static_cast<uint16_t>(question.type), static_cast<uint16_t>(question.record_class)}) {
    key.push_back(static_cast<char>(number >> 8));
    key.push_back(static_cast<char>(number));
  }
  const int bits = (question.recursion_desired ? 1 : 0) | (question.checking_disabled ? 2 : 0) |
                   (question.authentic_data ? 4 : 0) | (question.edns ? 8 : 0) | (question.dnssec_ok ? 16 : 0);
  key.push_back(static_cast<char>(bits));
  key.push_back(static_cast<char>(client));
  key += question.edns_options;
  return key;
}

}  // namespace

struct UpstreamGroup::State : std::enable_shared_from_this<State> {
  struct Member {
    Member(const asio::any_io_executor& executor, const GroupMember& made_of, int max_fails)
        : spec(made_of),
          counters(made_of.counters ? made_of.counters : std::make_shared<MemberCounters>()),
          health(max_fails),
          probe_timer(executor) {
      Options upstream_options = made_of.options;
      upstream_options.counters = counters->counters;
      upstream = std::make_unique<Upstream>(executor, upstream_options);
    }
    // Its questions end, and it is probed no more.
    void Stop() {
      upstream.reset();
      probe_timer.cancel();
    }

    const GroupMember spec;
    const std::shared_ptr<MemberCounters> counters;
    std::unique_ptr<Upstream> upstream;  // nullptr: stopped
    UpstreamHealth health;
    asio::steady_timer probe_timer;
  };
  using Members = std::vector<std::shared_ptr<Member>>;

  State(asio::any_io_executor io, const GroupOptions& group_options)
      : executor(std::move(io)),
        options(group_options),
        counters(group_options.counters ? group_options.counters : std::make_shared<GroupCounters>()) {}

  // Whom to ask, the first first.
  Members Order();
  asio::awaitable<void> Serve(Question question, Transport client, std::string key);
  // Asks one; a truncated reply is asked for again by TCP where UDP was our choice.
  asio::awaitable<Reply> AskMember(std::shared_ptr<Member> member, Question question, Transport transport,
                                   Clock::time_point deadline);
  asio::awaitable<void> Probe(std::shared_ptr<Member> member);
  void StartProbing(std::shared_ptr<Member> member);
  void Finish(const std::string& key, const Reply& reply, const std::string& member);
  // Whether a reply ends the search: std::nullopt for what is no message, else whether it says what was asked.
  std::optional<bool> IsOfUse(const Reply& reply) const;

  const asio::any_io_executor executor;
  const GroupOptions options;
  Members members;
  size_t next_member = 0;  // kRoundRobin's
  absl::InsecureBitGen random;
  absl::flat_hash_map<std::string, std::vector<Done>> flights;
  const std::shared_ptr<GroupCounters> counters;
  bool is_stopped = false;
};

UpstreamGroup::State::Members UpstreamGroup::State::Order() {
  Members order = members;
  if (order.empty()) return order;
  size_t first = 0;
  if (options.policy == GroupOptions::Policy::kRandom) first = absl::Uniform<size_t>(random, 0, order.size());
  if (options.policy == GroupOptions::Policy::kRoundRobin) first = next_member++ % order.size();
  std::rotate(order.begin(), order.begin() + static_cast<ptrdiff_t>(first), order.end());
  Members well;
  absl::c_copy_if(order, std::back_inserter(well), [](const auto& member) { return !member->health.is_down(); });
  if (!well.empty()) return well;
  counters->all_down.Add();
  if (options.fail_fast) return {};
  // One is tried, whichever: they may all be well, and the probes what is lost.
  return {order[absl::Uniform<size_t>(random, 0, order.size())]};
}

std::optional<bool> UpstreamGroup::State::IsOfUse(const Reply& reply) const {
  const auto view = dns::MessageView::Read(reply.message);
  if (!view) return std::nullopt;
  const Rcode rcode = view->rcode();
  return rcode != Rcode::kServFail && rcode != Rcode::kRefused && !absl::c_linear_search(options.failover, rcode);
}

asio::awaitable<void> UpstreamGroup::State::Serve(Question question, Transport client, std::string key) {
  const std::shared_ptr<State> self = shared_from_this();
  const Clock::time_point deadline = Clock::now() + options.deadline;
  Transport transport = options.prefer_udp ? Transport::kUdp : client;
  if (options.force_tcp) transport = Transport::kTcp;
  Members order = Order();
  const size_t most = options.max_attempts > 0 ? static_cast<size_t>(options.max_attempts) : 2 * order.size();
  Reply last{.outcome = Outcome::kUnreachable, .why = "no upstream is up"};
  std::string last_name;
  Members useless;  // their replies
  bool has_reply = false;
  for (size_t attempt = 0; attempt < most && !order.empty() && Clock::now() < deadline; ++attempt) {
    const std::shared_ptr<Member> member = order.front();
    Reply reply = co_await AskMember(member, question, transport, deadline);
    if (is_stopped) co_return;
    if (!reply.ok()) {
      if (reply.outcome != Outcome::kBusy && member->health.OnNoReply()) StartProbing(member);
      std::rotate(order.begin(), order.begin() + 1, order.end());
      if (has_reply) continue;
      last = std::move(reply);
      last_name = member->spec.name;
      continue;
    }
    const std::optional<bool> is_of_use = IsOfUse(reply);
    if (is_of_use == true) {
      member->health.OnReply();
      for (const auto& other : useless) {
        other->counters->useless.Add();
        if (other->health.OnUselessReply()) StartProbing(other);
      }
      last = std::move(reply);
      last_name = member->spec.name;
      break;
    }
    order.erase(order.begin());
    useless.push_back(member);
    if (is_of_use.has_value() && !has_reply) {
      has_reply = true;
      last = std::move(reply);
      last_name = member->spec.name;
    } else if (!is_of_use.has_value() && !has_reply) {
      last = {.outcome = Outcome::kWrongQuestion, .why = "its reply cannot be read"};
      last_name = member->spec.name;
    }
    if (options.failover.empty() && useless.size() >= kOpinions) break;
  }
  Finish(key, last, last_name);
}

asio::awaitable<Reply> UpstreamGroup::State::AskMember(std::shared_ptr<Member> member, Question question,
                                                       Transport transport, Clock::time_point deadline) {
  if (!member->upstream) co_return Reply{};
  const Clock::time_point start = Clock::now();
  Reply reply = co_await member->upstream->Ask(question, transport, deadline);
  if (reply.ok() && reply.transport == Transport::kUdp && options.prefer_udp && IsTruncated(reply) &&
      member->upstream) {
    Reply whole = co_await member->upstream->Ask(std::move(question), Transport::kTcp, deadline);
    if (whole.ok()) reply = std::move(whole);
  }
  if (!reply.ok()) co_return reply;
  const auto duration = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
  const size_t rcode = reply.message[3] & dns::kRcodeMask;  // REQUIRES a header, which a reply has
  member->counters->replies[rcode].Observe(static_cast<uint64_t>(duration.count()));
  co_return reply;
}

void UpstreamGroup::State::StartProbing(std::shared_ptr<Member> member) {
  asio::co_spawn(executor, Probe(std::move(member)), asio::detached);
}

asio::awaitable<void> UpstreamGroup::State::Probe(std::shared_ptr<Member> member) {
  const std::shared_ptr<State> self = shared_from_this();
  const Question question{
      .name = options.probe_name, .type = dns::RecordType::kNs, .recursion_desired = options.probe_recursion};
  while (member->upstream) {
    member->probe_timer.expires_after(options.probe_interval);
    co_await member->probe_timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!member->upstream) co_return;
    const Transport transport = options.force_tcp ? Transport::kTcp : Transport::kUdp;
    const Reply reply = co_await member->upstream->Ask(question, transport, Clock::now() + kProbeDeadline);
    if (!member->upstream) co_return;
    if (reply.ok() && (!member->health.is_useless() || IsOfUse(reply) == true)) {
      member->health.OnProbeSucceeded();
      co_return;
    }
    member->health.OnProbeFailed();
    member->counters->probes_failed.Add();
  }
}

void UpstreamGroup::State::Finish(const std::string& key, const Reply& reply, const std::string& member) {
  const auto flight = flights.find(key);
  std::vector<Done> waiting = std::move(flight->second);
  flights.erase(flight);
  for (Done& done : waiting) done(reply, member);
}

UpstreamGroup::UpstreamGroup(asio::any_io_executor executor, const GroupOptions& options)
    : state_(std::make_shared<State>(std::move(executor), options)) {}

UpstreamGroup::~UpstreamGroup() {
  state_->is_stopped = true;
  state_->flights.clear();
  for (const auto& member : state_->members) member->Stop();
}

void UpstreamGroup::SetMembers(const std::vector<GroupMember>& members) {
  State::Members kept;
  for (const GroupMember& member : members) {
    const auto known = absl::c_find_if(state_->members, [&](const auto& one) { return one->spec.name == member.name; });
    kept.push_back(known != state_->members.end()
                       ? *known
                       : std::make_shared<State::Member>(state_->executor, member, state_->options.max_fails));
  }
  for (const auto& member : state_->members) {
    if (!absl::c_linear_search(kept, member)) member->Stop();
  }
  state_->members = std::move(kept);
}

void UpstreamGroup::Ask(Question question, Transport client, Done done) {
  std::string key = KeyOf(question, client);
  std::vector<Done>& waiting = state_->flights[key];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) {
    state_->counters->coalesced.Add();
    return;
  }
  asio::co_spawn(state_->executor, state_->Serve(std::move(question), client, std::move(key)), asio::detached);
}

void UpstreamGroup::OnIdle() {
  for (const auto& member : state_->members) member->upstream->OnIdle();
}

size_t UpstreamGroup::in_flight() const { return state_->flights.size(); }

const std::shared_ptr<GroupCounters>& UpstreamGroup::counters() const { return state_->counters; }

}  // namespace podnamed::upstream
