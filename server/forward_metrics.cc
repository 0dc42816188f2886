#include "server/forward_metrics.h"

#include <array>
#include <limits>
#include <string>

#include "server/dns/types.h"
#include "server/metric_families.h"

namespace podnamed {
namespace {

using upstream::MemberCounters;
using upstream::Transport;

constexpr Transport kTransports[] = {Transport::kUdp, Transport::kTcp, Transport::kTls};

// One upstream, of all workers and all directives that have it.
using Members = std::vector<std::shared_ptr<const MemberCounters>>;

template <typename Of>
uint64_t Sum(const Members& members, Of of) {
  uint64_t sum = 0;
  for (const auto& member : members) sum += of(*member);
  return sum;
}

void PutDurations(prometheus::MetricFamily& family, const std::string& to, const Members& members) {
  for (size_t rcode = 0; rcode < MemberCounters::kRcodes; ++rcode) {
    prometheus::ClientMetric metric;
    prometheus::ClientMetric::Histogram& total = metric.histogram;
    for (size_t bucket = 0; bucket <= upstream::kReplyBounds.size(); ++bucket) {
      total.sample_count += Sum(members, [&](const MemberCounters& one) { return one.replies[rcode].bucket(bucket); });
      const bool is_last = bucket == upstream::kReplyBounds.size();
      const double bound = is_last ? std::numeric_limits<double>::infinity()
                                   : static_cast<double>(upstream::kReplyBounds[bucket]) * 1e-6;
      total.bucket.push_back({total.sample_count, bound});
    }
    if (total.sample_count == 0) continue;
    total.sample_sum =
        static_cast<double>(Sum(members, [&](const MemberCounters& one) { return one.replies[rcode].sum(); })) * 1e-6;
    metric.label = {{"proxy_name", "forward"},
                    {"to", to},
                    {"rcode", std::string(dns::NameOf(dns::Rcode{static_cast<uint16_t>(rcode)}))}};
    family.metric.push_back(std::move(metric));
  }
}

}  // namespace

std::shared_ptr<upstream::GroupCounters> ForwardMetrics::OpenGroup(int worker) {
  const absl::MutexLock lock(&mutex_);
  std::shared_ptr<upstream::GroupCounters>& counters = groups_[worker];
  if (!counters) counters = std::make_shared<upstream::GroupCounters>();
  return counters;
}

std::shared_ptr<MemberCounters> ForwardMetrics::OpenMember(int worker, const std::string& name) {
  const absl::MutexLock lock(&mutex_);
  std::shared_ptr<MemberCounters>& counters = members_[{name, worker}];
  if (!counters) counters = std::make_shared<MemberCounters>();
  return counters;
}

std::vector<prometheus::MetricFamily> ForwardMetrics::Collect() const {
  uint64_t down = 0, refused = 0, waited = 0;
  std::map<std::string, Members> by_name;
  {
    const absl::MutexLock lock(&mutex_);
    if (groups_.empty()) return {};
    for (const auto& [worker, group] : groups_) {
      down += group->all_down.value();
      refused += group->refused.value();
      waited += group->coalesced.value();
    }
    for (const auto& [key, member] : members_) by_name[key.first].push_back(member);
  }
  auto all_down = CounterFamily("coredns_forward_healthcheck_broken_total", "Queries that found every upstream down.");
  auto rejects = CounterFamily("coredns_forward_max_concurrent_rejects_total",
                               "Queries refused because too many were being forwarded.");
  auto coalesced = CounterFamily("podnamed_forward_coalesced_total",
                                 "Queries that waited for the reply to another one with the same question.");
  prometheus::MetricFamily durations{"coredns_proxy_request_duration_seconds",
                                     "From asking an upstream to its reply.",
                                     prometheus::MetricType::Histogram,
                                     {}};
  auto failures = CounterFamily("coredns_proxy_healthcheck_failures_total", "Health checks that failed.");
  auto hits = CounterFamily("coredns_proxy_conn_cache_hits_total", "Questions that a connection was there for.");
  auto misses = CounterFamily("coredns_proxy_conn_cache_misses_total", "Questions that a connection was made for.");
  auto useless =
      CounterFamily("podnamed_forward_useless_replies_total",
                    "Replies that said nothing (SERVFAIL, REFUSED, unreadable) while another upstream knew.");
  auto forged = CounterFamily("podnamed_forward_wrong_replies_total",
                              "Replies with another id, question or letters than were sent.");

  PutCounter(all_down, {}, down);
  PutCounter(rejects, {}, refused);
  PutCounter(coalesced, {}, waited);
  for (const auto& [to, members] : by_name) {
    PutDurations(durations, to, members);
    const Labels labels = {{"proxy_name", "forward"}, {"to", to}};
    PutCounter(failures, labels, Sum(members, [](const auto& one) { return one.probes_failed.value(); }));
    PutCounter(useless, {{"to", to}}, Sum(members, [](const auto& one) { return one.useless.value(); }));
    const auto put_wrong = [&](const char* what, auto counter) {
      PutCounter(forged, {{"to", to}, {"wrong", what}},
                 Sum(members, [&](const auto& one) { return ((*one.counters).*counter).value(); }));
    };
    put_wrong("id", &upstream::Counters::wrong_ids);
    put_wrong("question", &upstream::Counters::wrong_questions);
    put_wrong("letters", &upstream::Counters::wrong_letters);
    for (const Transport transport : kTransports) {
      const auto index = static_cast<size_t>(transport);
      Labels by_proto = labels;
      by_proto.push_back({"proto", std::string(NameOf(transport))});
      PutCounter(hits, by_proto,
                 Sum(members, [&](const auto& one) { return one.counters->connection_hits[index].value(); }));
      PutCounter(misses, by_proto,
                 Sum(members, [&](const auto& one) { return one.counters->connection_misses[index].value(); }));
    }
  }
  return {all_down, rejects, coalesced, durations, failures, hits, misses, useless, forged};
}

}  // namespace podnamed
