#include "server/plugins/hosts.h"

#include <utility>

#include "server/base/log.h"
#include "server/plugins/zones.h"
#include "server/resolve/reverse_name.h"

namespace podnamed::plugins {
namespace {

using dns::RecordType;

constexpr std::string_view kReverseIpv4("\7in-addr\4arpa\0", 14);
constexpr std::string_view kReverseIpv6("\3ip6\4arpa\0", 10);

Next Done(Exchange& exchange, resolve::Outcome outcome) {
  exchange.answer.outcome = outcome;
  exchange.rcode = resolve::RcodeOf(outcome);
  exchange.authoritative = true;
  exchange.answered_by = "hosts";
  return Next::kDone;
}

Next Answer(Exchange& exchange, dns::Rdata rdata, uint32_t ttl) {
  const dns::Query& query = *exchange.query;
  exchange.answer.answer.push_back({dns::NamePieces(query.name.original()), query.type, ttl, rdata});
  return Done(exchange, resolve::Outcome::kAnswer);
}

}  // namespace

HostsSource::HostsSource(config::HostsOptions options, std::string path)
    : options_(std::move(options)),
      path_(std::move(path)),
      watch_(
          {path_}, options_.reload, [this](const FileWatch::Contents& contents) { Read(contents.front()); },
          [this] { tables_.Reclaim(); }) {}

void HostsSource::Read(const absl::StatusOr<std::string>& content) {
  const bool is_first = tables_.Current() == nullptr;
  if (content.ok()) {
    const auto table = std::make_shared<const HostsTable>(options_, *content);
    modified_ = FileStamp::Of(path_).modified;
    tables_.Publish(table);
    // Whoever has read this line finds the names.
    base::LogInfo("plugin/hosts", "{}: {} names, with those of the Corefile", path_, table->name_count());
    return;
  }
  if (is_first) tables_.Publish(std::make_shared<const HostsTable>(options_, ""));
  base::LogWarning("plugin/hosts", "{} cannot be read: {}; {}", path_, std::string(content.status().message()),
                   is_first ? "going on without it" : "what was read before stays");
}

Next Hosts::OnQuery(Exchange& exchange) {
  const dns::Query& query = *exchange.query;
  if (query.record_class != dns::RecordClass::kIn) return Next::kPass;
  // A PTR that is not here always goes on.
  if (query.type == RecordType::kPtr) return AnswerPtr(exchange);
  const config::HostsOptions& options = source_.options();
  if (!IsInZones(query.name, options.zones)) return Next::kPass;
  const HostsTable::Addresses* addresses = table_->FindName(query.name);
  if (addresses == nullptr) {
    if (IsInZones(query.name, options.fallthrough)) return Next::kPass;
    // Without a SOA there is no NXDOMAIN: SERVFAIL, as CoreDNS.
    exchange.answered_by = "hosts";
    return Next::kDone;
  }
  if (query.type == RecordType::kA && !addresses->ipv4.empty()) {
    return Answer(exchange, absl::MakeConstSpan(addresses->ipv4), options.ttl);
  }
  if (query.type == RecordType::kAaaa && !addresses->ipv6.empty()) {
    return Answer(exchange, absl::MakeConstSpan(addresses->ipv6), options.ttl);
  }
  return Done(exchange, resolve::Outcome::kNoData);
}

// Reverse names need not be among the zones.
Next Hosts::AnswerPtr(Exchange& exchange) const {
  const dns::QueryName& name = exchange.query->name;
  if (!name.LabelsAbove(kReverseIpv4) && !name.LabelsAbove(kReverseIpv6)) return Next::kPass;
  const resolve::ReverseName reverse = resolve::ParseReverseName(name);
  if (reverse.kind != resolve::ReverseName::Kind::kAddress) return Next::kPass;
  const absl::Span<const dns::NamePieces> names = table_->FindAddress(reverse.address);
  if (names.empty()) return Next::kPass;
  return Answer(exchange, names, source_.options().ttl);
}

}  // namespace podnamed::plugins
