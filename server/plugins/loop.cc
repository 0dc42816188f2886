#include "server/plugins/loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/random/random.h"
#include "absl/time/clock.h"

namespace podnamed::plugins {
namespace {

constexpr absl::Duration kLongest = absl::Seconds(30);  // CoreDNS's, both
// After a reply: what circles still may come.
constexpr absl::Duration kAfterReply = absl::Seconds(2);

std::string RandomLabel() {
  absl::BitGen random;
  return std::to_string(absl::Uniform<int64_t>(random, 0, std::numeric_limits<int64_t>::max()));
}

// A zone that leaves no room for two labels is asked for itself.
dns::Name RandomNameIn(const dns::Name& zone) {
  const std::string below = zone.label_count() == 0 ? "" : zone.ToText();
  const absl::StatusOr<dns::Name> name =
      dns::Name::FromText(fmt::format("{}.{}.{}", RandomLabel(), RandomLabel(), below));
  return name.ok() ? name->Folded() : zone.Folded();
}

}  // namespace

LoopSearch::LoopSearch(const dns::Name& zone, const base::Endpoint& endpoint)
    : zone_(zone), endpoint_(endpoint), name_(RandomNameIn(zone)) {}

Loop::Loop(LoopSearch& search, std::unique_ptr<upstream::UpstreamGroup> sender, OnLoop on_loop)
    : search_(search), sender_(std::move(sender)), on_loop_(on_loop), end_(absl::Now() + kLongest) {}

Next Loop::OnQuery(Exchange& exchange) {
  const dns::Query& query = *exchange.query;
  if (query.type != dns::RecordType::kHinfo || query.name.folded() != search_.name().wire()) return Next::kPass;
  if (search_.OnSeen()) {
    // In CoreDNS's words.
    on_loop_(
        fmt::format("Loop ({}:{} -> {}) detected for zone \"{}\", see https://coredns.io/plugins/loop#troubleshooting. "
                    "Query: \"HINFO {}\"",
                    exchange.client.ToString(), exchange.client_port, search_.endpoint().ToString(),
                    search_.zone().ToText(), search_.name().ToText()));
  }
  return Next::kPass;
}

void Loop::OnIdle() {
  if (sender_ == nullptr) return;
  if (absl::Now() >= end_) {
    search_.End();
    sender_.reset();
  } else if (!is_sent_) {
    Send();
  }
}

void Loop::Send() {
  is_sent_ = true;
  search_.BeginAgain();
  const upstream::Question question{.name = search_.name(), .type = dns::RecordType::kHinfo, .recursion_desired = true};
  sender_->Ask(question, upstream::Transport::kUdp, [this](const upstream::Reply& reply, const std::string&) {
    // With a reply it stays sent, and is not sent again.
    is_sent_ = reply.ok();
    if (reply.ok()) end_ = std::min(end_, absl::Now() + kAfterReply);
  });
}

}  // namespace podnamed::plugins
