#include "server/service/query_service.h"

#include <algorithm>
#include <utility>

namespace podnamed::service {

using dns::ExtendedError;
using dns::ParseOutcome;
using dns::Rcode;
using net::Verdict;
using resolve::Outcome;

namespace {

// Ports of services that answer whatever they are sent: to reply to what a forger sent in their name would start a loop
// (characters of chargen read as a query of an opcode that we do not speak, our refusal is answered with more). BIND
// drops the same; no resolver asks from there, and port 53 stays open for old ones that do ask from it.
bool AnswersAnything(uint16_t port) {
  constexpr uint16_t kEcho = 7;
  constexpr uint16_t kDaytime = 13;
  constexpr uint16_t kQuoteOfTheDay = 17;
  constexpr uint16_t kChargen = 19;
  constexpr uint16_t kTime = 37;
  return port == kEcho || port == kDaytime || port == kQuoteOfTheDay || port == kChargen || port == kTime;
}

}  // namespace

QueryService::QueryService(std::vector<ServedZone> zones) : zones_(std::move(zones)) {
  std::stable_sort(zones_.begin(), zones_.end(), [](const ServedZone& a, const ServedZone& b) {
    return a.zone.label_count() > b.zone.label_count();
  });
}

Verdict QueryService::Handle(const net::Request& request, absl::Span<uint8_t> buffer, size_t& reply_size) {
  if (request.transport == net::Transport::kUdp && AnswersAnything(request.client_port)) return Verdict::kDrop;
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
  const std::optional<ExtendedError> reason = Answer(request);
  const bool authoritative = answer_.outcome == Outcome::kAnswer || answer_.outcome == Outcome::kNoData ||
                             answer_.outcome == Outcome::kNxDomain;
  return Reply({.rcode = resolve::RcodeOf(answer_.outcome),
                .authoritative = authoritative,
                .answer = answer_.answer,
                .authority = answer_.authority,
                .additional = answer_.additional,
                .extended_error = reason},
               request, buffer, reply_size);
}

// A refusal has a code without a text: "Not Supported", "Not Authoritative" say it, and what anyone may ask for in
// anyone's name should not be longer than the question.
std::optional<ExtendedError> QueryService::Answer(const net::Request& request) {
  answer_.Clear();
  // Other classes have no data here; CHAOS waits for its plugin, ANY (RFC 1035 section 3.2.5) would be all of them.
  if (query_.record_class != dns::RecordClass::kIn) {
    answer_.outcome = Outcome::kRefused;
    return ExtendedError{ExtendedError::kNotSupported};
  }
  const PluginChain* chain = FindChain();
  if (chain == nullptr) {
    answer_.outcome = Outcome::kRefused;
    return ExtendedError{ExtendedError::kNotAuthoritative};
  }
  const plugins::QueryContext context{query_, request.client, LimitOf(request)};
  for (const auto& plugin : *chain) {
    if (plugin->OnQuery(context, answer_) == plugins::Next::kDone) break;
  }
  if (answer_.reason.empty()) return std::nullopt;
  return ExtendedError{answer_.reason.info_code(), answer_.reason.text()};
}

const PluginChain* QueryService::FindChain() const {
  for (const ServedZone& served : zones_) {
    if (query_.name.LabelsAbove(served.zone.wire()).has_value()) return served.chain;
  }
  return nullptr;
}

size_t QueryService::LimitOf(const net::Request& request) const {
  return request.transport == net::Transport::kTcp ? dns::kMaxMessageLength : dns::UdpReplyLimit(query_);
}

Verdict QueryService::Reply(const dns::Response& response, const net::Request& request, absl::Span<uint8_t> buffer,
                            size_t& reply_size) {
  reply_size = encoder_.Encode(query_, response, LimitOf(request), buffer);
  return Verdict::kReply;
}

}  // namespace podnamed::service
