#include "server/service/query_service.h"

#include <algorithm>
#include <utility>

namespace podnamed::service {

using dns::ExtendedError;
using dns::ParseOutcome;
using dns::Rcode;
using net::Verdict;
using plugins::Exchange;
using plugins::Next;
using plugins::PluginChain;

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

size_t LimitOf(const net::Request& request, const dns::Query& query) {
  return request.transport == net::Transport::kTcp ? dns::kMaxMessageLength : dns::UdpReplyLimit(query);
}

// The rcode of what is no query that we read.
Rcode RcodeOf(ParseOutcome outcome) {
  switch (outcome) {
    case ParseOutcome::kNotImp:
      return Rcode::kNotImp;
    case ParseOutcome::kBadVers:
      return Rcode::kBadVers;
    default:
      return Rcode::kFormErr;
  }
}

}  // namespace

QueryService::QueryService(std::vector<ServedZone> zones)
    : zones_(std::move(zones)), at_hand_(std::make_unique<Waiting>()) {
  std::stable_sort(zones_.begin(), zones_.end(), [](const ServedZone& a, const ServedZone& b) {
    return a.zone.label_count() > b.zone.label_count();
  });
}

QueryService::~QueryService() = default;

Verdict QueryService::Handle(const net::Request& request, absl::Span<uint8_t> buffer, size_t& reply_size) {
  if (request.transport == net::Transport::kUdp && AnswersAnything(request.client_port)) return Verdict::kDrop;
  Exchange& exchange = at_hand_->exchange;
  const ParseOutcome outcome = dns::ParseQuery(request.message, exchange.asked);
  if (outcome == ParseOutcome::kDrop) return Verdict::kDrop;
  exchange.answer.Clear();
  exchange.rcode = Rcode::kServFail;
  exchange.authoritative = false;
  exchange.recursion_available = false;
  exchange.answered_by = {};
  exchange.query = &exchange.asked;
  exchange.reply_limit = LimitOf(request, exchange.asked);
  if (outcome != ParseOutcome::kQuery) return Refuse(RcodeOf(outcome), std::nullopt, buffer, reply_size);
  // Other classes have no data here; CHAOS waits for its plugin, ANY (RFC 1035 section 3.2.5) would be all of them.
  if (exchange.asked.record_class != dns::RecordClass::kIn) {
    return Refuse(Rcode::kRefused, ExtendedError::kNotSupported, buffer, reply_size);
  }
  const PluginChain* chain = FindChain(exchange.asked.name);
  if (chain == nullptr) return Refuse(Rcode::kRefused, ExtendedError::kNotAuthoritative, buffer, reply_size);

  exchange.client = request.client;
  exchange.client_port = request.client_port;
  exchange.transport = request.transport;
  exchange.can_wait = request.later != nullptr && waiting_.size() < kMaxWaiting;
  exchange.position = 0;
  exchange.resumer = this;
  switch (Walk(*chain, exchange)) {
    case Next::kLater:
      Wait(request, *chain);
      return Verdict::kLater;
    case Next::kDrop:
      reply_size = 0;
      break;
    default:
      reply_size = Encode(exchange, buffer);
  }
  for (const auto& plugin : *chain) plugin->OnSent(exchange, reply_size);
  return reply_size == 0 ? Verdict::kDrop : Verdict::kReply;
}

Next QueryService::Walk(const PluginChain& chain, Exchange& exchange) {
  while (exchange.position < chain.size()) {
    const Next next = chain[exchange.position]->OnQuery(exchange);
    if (next == Next::kLater || next == Next::kDrop) return next;
    if (next == Next::kDone) break;
    ++exchange.position;
  }
  // Those that had passed it on.
  for (size_t i = exchange.position; i > 0; --i) chain[i - 1]->OnReply(exchange);
  return Next::kDone;
}

// What the packet's octets were to the exchange their copy is from now on.
void QueryService::Wait(const net::Request& request, const PluginChain& chain) {
  std::unique_ptr<Waiting> waiting = std::move(at_hand_);
  waiting->packet.assign(request.message.begin(), request.message.end());
  dns::ParseQuery(waiting->packet, waiting->exchange.asked);
  waiting->chain = &chain;
  waiting->path = request.later->MakeReplyPath(request);
  waiting_.emplace(&waiting->exchange, std::move(waiting));
  if (spare_.empty()) {
    at_hand_ = std::make_unique<Waiting>();
  } else {
    at_hand_ = std::move(spare_.back());
    spare_.pop_back();
  }
}

void QueryService::Resume(Exchange& exchange, Next next) {
  const auto found = waiting_.find(&exchange);
  Waiting& waiting = *found->second;
  if (next == Next::kPass) ++exchange.position;
  if (next == Next::kDone) {
    for (size_t i = exchange.position; i > 0; --i) (*waiting.chain)[i - 1]->OnReply(exchange);
  } else if (next == Next::kPass) {
    next = Walk(*waiting.chain, exchange);
  }
  if (next == Next::kLater) return;
  size_t size = 0;
  if (next == Next::kDone) {
    late_reply_.resize(dns::kMaxMessageLength);
    size = Encode(exchange, absl::MakeSpan(late_reply_));
    waiting.path->Send(absl::MakeConstSpan(late_reply_).first(size));
  }
  for (const auto& plugin : *waiting.chain) plugin->OnSent(exchange, size);
  waiting.path.reset();
  if (spare_.size() < kMaxSpare) spare_.push_back(std::move(found->second));
  waiting_.erase(found);
}

const PluginChain* QueryService::FindChain(const dns::QueryName& name) const {
  for (const ServedZone& served : zones_) {
    if (name.LabelsAbove(served.zone.wire()).has_value()) return served.chain;
  }
  return nullptr;
}

size_t QueryService::Encode(const Exchange& exchange, absl::Span<uint8_t> buffer) {
  const resolve::Answer& answer = exchange.answer;
  std::optional<ExtendedError> reason;
  if (!answer.reason.empty()) reason = ExtendedError{answer.reason.info_code(), answer.reason.text()};
  return encoder_.Encode(exchange.asked,
                         {.rcode = exchange.rcode,
                          .authoritative = exchange.authoritative,
                          .recursion_available = exchange.recursion_available,
                          .answer = answer.answer,
                          .authority = answer.authority,
                          .additional = answer.additional,
                          .extended_error = reason},
                         exchange.reply_limit, buffer);
}

// A refusal has a code without a text: "Not Supported", "Not Authoritative" say it, and what anyone may ask for in
// anyone's name should not be longer than the question.
Verdict QueryService::Refuse(Rcode rcode, std::optional<uint16_t> info_code, absl::Span<uint8_t> buffer,
                             size_t& reply_size) {
  const Exchange& exchange = at_hand_->exchange;
  std::optional<ExtendedError> reason;
  if (info_code) reason = ExtendedError{*info_code};
  reply_size =
      encoder_.Encode(exchange.asked, {.rcode = rcode, .extended_error = reason}, exchange.reply_limit, buffer);
  return Verdict::kReply;
}

}  // namespace podnamed::service
