#include "server/plugins/local.h"

#include <algorithm>
#include <string_view>

namespace podnamed::plugins {
namespace {

using dns::NamePieces;
using dns::RecordType;
using resolve::Outcome;

constexpr uint32_t kTtl = 604800;  // CoreDNS's: a week

// In wire form with the root's octet, which the literal's own end is.
template <size_t size>
constexpr std::string_view Wire(const char (&literal)[size]) {
  return {literal, size};
}

constexpr std::string_view kLocalhost = Wire("\11localhost");
constexpr std::string_view kLocalhostLabel = "\11localhost";
constexpr std::string_view kRootLocalhost = Wire("\4root\11localhost");
constexpr std::string_view kLoopbackPtr = Wire(
    "\1"
    "1"
    "\1"
    "0"
    "\1"
    "0"
    "\3"
    "127"
    "\7in-addr\4arpa");
constexpr std::string_view kZones[] = {
    kLocalhost,
    Wire("\1"
         "0"
         "\7in-addr\4arpa"),
    Wire("\3"
         "127"
         "\7in-addr\4arpa"),
    Wire("\3"
         "255"
         "\7in-addr\4arpa"),
};

constexpr base::Ipv4Address kLoopbackIpv4[] = {{127, 0, 0, 1}};
constexpr base::Ipv6Address kLoopbackIpv6[] = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

dns::SoaData Soa() {
  return {.mname = NamePieces(kLocalhost), .rname = NamePieces(kRootLocalhost), .serial = 1, .minimum = kTtl};
}

class Reply {
 public:
  explicit Reply(Exchange& exchange) : exchange_(exchange), owner_(exchange.query->name.original()) {}

  Next Records(const dns::Rdata& rdata) {
    exchange_.answer.answer.push_back({owner_, exchange_.query->type, kTtl, rdata});
    return Done(Outcome::kAnswer);
  }
  Next Nothing(Outcome outcome, std::string_view zone) {
    exchange_.answer.authority.push_back({NamePieces(zone), RecordType::kSoa, kTtl, Soa()});
    return Done(outcome);
  }
  Next Loopback() {
    if (exchange_.query->type == RecordType::kA) return Records(absl::MakeConstSpan(kLoopbackIpv4));
    if (exchange_.query->type == RecordType::kAaaa) return Records(absl::MakeConstSpan(kLoopbackIpv6));
    return Nothing(Outcome::kNoData, exchange_.query->name.original());
  }
  Next Apex() {
    if (exchange_.query->type == RecordType::kSoa) return Records(Soa());
    if (exchange_.query->type != RecordType::kNs) return Nothing(Outcome::kNoData, exchange_.query->name.original());
    exchange_.answer.names.emplace_back(kLocalhost);
    return Records(absl::MakeConstSpan(exchange_.answer.names));
  }
  Next LoopbackPtr(std::string_view zone) {
    if (exchange_.query->type != RecordType::kPtr) return Nothing(Outcome::kNoData, zone);
    exchange_.answer.names.emplace_back(kLocalhost);
    return Records(absl::MakeConstSpan(exchange_.answer.names));
  }

 private:
  Next Done(Outcome outcome) {
    exchange_.answer.outcome = outcome;
    exchange_.rcode = resolve::RcodeOf(outcome);
    exchange_.answered_by = "local";
    return Next::kDone;
  }

  Exchange& exchange_;
  const NamePieces owner_;
};

}  // namespace

Local::Local(OpenCounter open_counter) {
  if (open_counter) below_localhost_ = &open_counter("coredns_local_localhost_requests_total", {});
}

Next Local::OnQuery(Exchange& exchange) {
  const dns::Query& query = *exchange.query;
  if (query.record_class != dns::RecordClass::kIn) return Next::kPass;
  const std::string_view name = query.name.folded();
  Reply reply(exchange);
  const bool is_address = query.type == RecordType::kA || query.type == RecordType::kAaaa;
  if (name == kLocalhost) return is_address ? reply.Loopback() : reply.Apex();
  if (name.starts_with(kLocalhostLabel) || query.name.LabelsAbove(kLocalhost)) {
    if (below_localhost_ != nullptr) below_localhost_->Add();
    return reply.Loopback();
  }
  const auto* zone = std::find_if(std::begin(kZones), std::end(kZones),
                                  [&](std::string_view candidate) { return query.name.LabelsAbove(candidate); });
  if (zone == std::end(kZones)) return Next::kPass;
  if (name == *zone) return reply.Apex();
  if (name == kLoopbackPtr) return reply.LoopbackPtr(*zone);
  return reply.Nothing(Outcome::kNxDomain, *zone);
}

}  // namespace podnamed::plugins
