#include "server/service/query_service.h"

#include <algorithm>
#include <utility>

namespace podnamed::service {

using dns::ParseOutcome;
using dns::Rcode;
using net::Verdict;
using resolve::Outcome;

QueryService::QueryService(std::vector<ServedZone> zones) : zones_(std::move(zones)) {
  std::stable_sort(zones_.begin(), zones_.end(), [](const ServedZone& a, const ServedZone& b) {
    return a.zone.label_count() > b.zone.label_count();
  });
}

Verdict QueryService::Handle(const net::Request& request, absl::Span<uint8_t> buffer, size_t& reply_size) {
  switch (dns::ParseQuery(request.message, query_)) {
    case ParseOutcome::kQuery:
      break;
    case ParseOutcome::kDrop:
      return Verdict::kDrop;
    case ParseOutcome::kFormErr:
      return Reply({.rcode = Rcode::kFormErr}, request, buffer, reply_size);
    case ParseOutcome::kNotImp:
      return Reply({.rcode = Rcode::kNotImp}, request, buffer, reply_size);
    case ParseOutcome::kBadVers:
      return Reply({.rcode = Rcode::kBadVers}, request, buffer, reply_size);
  }
  Answer(request);
  const bool authoritative = answer_.outcome == Outcome::kAnswer || answer_.outcome == Outcome::kNoData ||
                             answer_.outcome == Outcome::kNxDomain;
  return Reply({.rcode = resolve::RcodeOf(answer_.outcome),
                .authoritative = authoritative,
                .answer = answer_.answer,
                .authority = answer_.authority,
                .additional = answer_.additional,
                .extended_error = answer_.reason.empty() ? std::nullopt
                                                         : std::optional(dns::ExtendedError{answer_.reason.info_code(),
                                                                                            answer_.reason.text()})},
               request, buffer, reply_size);
}

void QueryService::Answer(const net::Request& request) {
  answer_.Clear();
  const PluginChain* chain = query_.record_class == dns::RecordClass::kIn ? FindChain() : nullptr;
  if (chain == nullptr) {
    answer_.outcome = Outcome::kRefused;
    return;
  }
  const plugins::QueryContext context{query_, request.client};
  for (const auto& plugin : *chain) {
    if (plugin->OnQuery(context, answer_) == plugins::Next::kDone) return;
  }
}

const PluginChain* QueryService::FindChain() const {
  for (const ServedZone& served : zones_) {
    if (query_.name.LabelsAbove(served.zone.wire()).has_value()) return served.chain;
  }
  return nullptr;
}

Verdict QueryService::Reply(const dns::Response& response, const net::Request& request, absl::Span<uint8_t> buffer,
                            size_t& reply_size) {
  const size_t limit = request.transport == net::Transport::kTcp ? dns::kMaxMessageLength : dns::UdpReplyLimit(query_);
  reply_size = encoder_.Encode(query_, response, limit, buffer);
  return Verdict::kReply;
}

}  // namespace podnamed::service
