#include "server/service/query_service.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/algorithm/container.h"

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
  return request.transport == net::Transport::kUdp ? dns::UdpReplyLimit(query) : dns::kMaxMessageLength;
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

// For a new query; what else there is is set when it is needed.
void Begin(Exchange& exchange) {
  exchange.answer.Clear();
  exchange.rcode = Rcode::kServFail;
  exchange.authoritative = false;
  exchange.recursion_available = false;
  exchange.authentic_data = false;
  exchange.truncated = false;
  exchange.octets.clear();
  exchange.nsid = {};
  exchange.answered_by = {};
  exchange.query = &exchange.asked;
  exchange.upstream_options = {};
  exchange.rewritten.reset();
  exchange.started = {};
  exchange.error.clear();
  exchange.upstream.clear();
  exchange.position = 0;
  exchange.resumed.reset();
}

// The chain has fallen off its end: in CoreDNS's words, which its users' patterns know.
void SetNoNextPlugin(Exchange& exchange, const PluginChain& chain) {
  exchange.error.clear();
  if (!chain.empty() && !chain.back()->name().empty()) {
    exchange.error.append("plugin/").append(chain.back()->name()).append(": ");
  }
  exchange.error.append("no next plugin found");
}

}  // namespace

QueryService::QueryService(std::vector<ServedZone> zones, plugins::QueryCounts* refused, base::Counter* handled)
    : handled_(handled), at_hand_(std::make_unique<Journey>()) {
  Serve(std::move(zones), refused);
}

void QueryService::Serve(std::vector<ServedZone> zones, plugins::QueryCounts* refused) {
  zones_ = std::move(zones);
  refused_ = refused;
  std::stable_sort(zones_.begin(), zones_.end(), [](const ServedZone& a, const ServedZone& b) {
    return a.zone.label_count() > b.zone.label_count();
  });
  takes_every_class_ = std::any_of(zones_.begin(), zones_.end(), [](const ServedZone& served) {
    return std::any_of(served.chain->begin(), served.chain->end(),
                       [](const auto& plugin) { return plugin->takes_every_class(); });
  });
  look_ahead_.clear();
  want_batches_.clear();
  for (ServedZone& served : zones_) {
    for (const auto& plugin : *served.chain) {
      if (plugin->is_condition()) served.condition = plugin.get();
      if (plugin->LooksAhead() && !absl::c_linear_search(look_ahead_, plugin.get())) {
        look_ahead_.push_back(plugin.get());
      }
      if (plugin->WantsBatches() && !absl::c_linear_search(want_batches_, plugin.get())) {
        want_batches_.push_back(plugin.get());
      }
    }
  }
}

bool QueryService::IsWaitingOn(const PluginChain& chain) const {
  return absl::c_any_of(waiting_, [&](const auto& waiting) { return waiting.first->chain == &chain; });
}

QueryService::~QueryService() = default;

Verdict QueryService::Handle(const net::Request& request, absl::Span<uint8_t> buffer, size_t& reply_size) {
  if (request.transport == net::Transport::kUdp && AnswersAnything(request.client_port)) return Verdict::kDrop;
  Journey& journey = *at_hand_;
  const ParseOutcome outcome = dns::ParseQuery(request.message, journey.asked);
  if (outcome == ParseOutcome::kDrop) return Verdict::kDrop;
  if (handled_ != nullptr) handled_->Add();
  Begin(journey);
  journey.reply_limit = LimitOf(request, journey.asked);
  journey.client = request.client;
  journey.client_port = request.client_port;
  journey.transport = request.transport;
  journey.query_size = request.message.size();
  journey.message = request.message;
  if (outcome != ParseOutcome::kQuery) return Refuse(RcodeOf(outcome), std::nullopt, buffer, reply_size);
  // Other classes have no data here, unless a plugin knows better.
  if (journey.asked.record_class != dns::RecordClass::kIn && !takes_every_class_) {
    return Refuse(Rcode::kRefused, ExtendedError::kNotSupported, buffer, reply_size);
  }
  const ServedZone* served = FindZone(journey, &request);
  if (served == nullptr) return Refuse(Rcode::kRefused, ExtendedError::kNotAuthoritative, buffer, reply_size);

  journey.chain = served->chain;
  journey.entrance = served->entrance;
  journey.can_wait = request.later != nullptr && waiting_.size() < kMaxWaiting;
  journey.depth = 0;
  journey.start = 0;
  journey.conductor = this;
  const Next next = Walk(journey);
  if (next == Next::kLater) {
    Wait(request);
    return Verdict::kLater;
  }
  if (journey.continuation != nullptr && !journey.continuation->is_done()) {
    Wait(request);
    SendPart(journey);
    return Verdict::kLater;
  }
  reply_size = next == Next::kDrop ? 0 : Encode(journey, buffer);
  for (const auto& plugin : *journey.chain) plugin->OnSent(journey, reply_size);
  journey.continuation.reset();
  while (!journey.children.empty()) {
    Recycle(std::move(journey.children.back()));
    journey.children.pop_back();
  }
  return reply_size == 0 ? Verdict::kDrop : Verdict::kReply;
}

void QueryService::LookAhead(absl::Span<const net::Request> requests) {
  if (look_ahead_.empty()) return;
  dns::QueryName name;
  for (const net::Request& request : requests) {
    if (!dns::ReadQuestionName(request.message, name)) continue;
    for (plugins::Plugin* plugin : look_ahead_) plugin->LookAhead(name);
  }
  for (plugins::Plugin* plugin : look_ahead_) plugin->Fetch();
}

Next QueryService::Walk(Journey& journey) {
  const PluginChain& chain = *journey.chain;
  while (journey.position < chain.size()) {
    Next next = chain[journey.position]->OnQuery(journey);
    if (next == Next::kLater && journey.resumed) next = *std::exchange(journey.resumed, std::nullopt);
    if (next == Next::kLater || next == Next::kDrop) return next;
    if (next == Next::kDone) break;
    ++journey.position;
  }
  if (journey.position == chain.size()) SetNoNextPlugin(journey, chain);
  ShowReply(journey);
  return Next::kDone;
}

void QueryService::ShowReply(Journey& journey) {
  for (size_t i = journey.position; i > journey.start; --i) (*journey.chain)[i - 1]->OnReply(journey);
}

std::unique_ptr<QueryService::Journey> QueryService::TakeSpare() {
  if (spare_.empty()) return std::make_unique<Journey>();
  std::unique_ptr<Journey> journey = std::move(spare_.back());
  spare_.pop_back();
  return journey;
}

void QueryService::Recycle(std::unique_ptr<Journey> journey) {
  for (std::unique_ptr<Journey>& child : std::exchange(journey->children, {})) Recycle(std::move(child));
  journey->is_waiting = false;
  journey->path.reset();
  journey->continuation.reset();
  journey->sent = 0;
  journey->parent = nullptr;
  if (spare_.size() < kMaxSpare) spare_.push_back(std::move(journey));
}

// What the packet's octets were to the journey, their copy is from now on.
void QueryService::Wait(const net::Request& request) {
  std::unique_ptr<Journey> journey = std::exchange(at_hand_, TakeSpare());
  journey->packet.assign(request.message.begin(), request.message.end());
  journey->message = journey->packet;
  dns::ParseQuery(journey->message, journey->asked);
  journey->path = request.later->MakeReplyPath(request);
  journey->is_waiting = true;
  waiting_.emplace(journey.get(), std::move(journey));
}

void QueryService::Resume(Exchange& exchange, Next next) {
  Journey& journey = static_cast<Journey&>(exchange);
  if (!journey.is_waiting) {
    journey.resumed = next;
    return;
  }
  if (next == Next::kDone) ShowReply(journey);
  if (next == Next::kPass) {
    ++journey.position;
    next = Walk(journey);
    if (next == Next::kLater) return;
  }
  const auto found = waiting_.find(&journey);
  std::unique_ptr<Journey> finished = std::move(found->second);
  waiting_.erase(found);
  Finish(std::move(finished), next);
}

void QueryService::Finish(std::unique_ptr<Journey> journey, Next next) {
  size_t size = 0;
  if (journey->parent != nullptr) {
    const Journey& child = *journey;
    Done done = std::exchange(journey->done, nullptr);
    journey->parent->children.push_back(std::move(journey));
    done(child);
    return;
  }
  if (journey->path == nullptr) {  // asked aside
    std::exchange(journey->done, nullptr)(*journey);
    Recycle(std::move(journey));
    return;
  }
  if (next == Next::kDone) {
    late_reply_.resize(dns::kMaxMessageLength);
    size = Encode(*journey, absl::MakeSpan(late_reply_));
    journey->path->Send(absl::MakeConstSpan(late_reply_).first(size));
  }
  for (const auto& plugin : *journey->chain) plugin->OnSent(*journey, journey->sent + size);
  Recycle(std::move(journey));
}

void QueryService::SendPart(Journey& journey) {
  late_reply_.resize(dns::kMaxMessageLength);
  const size_t size = Encode(journey, absl::MakeSpan(late_reply_));
  journey.sent += size;
  journey.path->SendPart(absl::MakeConstSpan(late_reply_).first(size),
                         [this, &journey](bool is_taken) { Continue(journey, is_taken); });
}

void QueryService::Continue(Journey& journey, bool is_taken) {
  if (is_taken) journey.continuation->Advance(journey);
  if (is_taken && !journey.continuation->is_done()) return SendPart(journey);
  const auto found = waiting_.find(&journey);
  std::unique_ptr<Journey> finished = std::move(found->second);
  waiting_.erase(found);
  Finish(std::move(finished), is_taken ? Next::kDone : Next::kDrop);
}

std::unique_ptr<QueryService::Journey> QueryService::MakeChild(const Journey& parent, std::string_view name,
                                                               dns::RecordType type, Done done) {
  std::unique_ptr<Journey> child = TakeSpare();
  const std::string_view options = parent.upstream_options.octets;
  child->packet.assign(name.begin(), name.end());
  child->packet.insert(child->packet.end(), options.begin(), options.end());
  const std::string_view octets(reinterpret_cast<const char*>(child->packet.data()), child->packet.size());
  child->asked = *parent.query;
  child->asked.name.Read(octets);
  child->asked.type = type;
  if (child->asked.edns) child->asked.edns->options = {};
  Begin(*child);
  child->upstream_options = {octets.substr(name.size()), parent.upstream_options.is_for_one_client};
  child->chain = parent.chain;
  child->entrance = parent.entrance;
  child->start = child->position = parent.position + 1;
  child->reply_limit = dns::kMaxMessageLength;
  child->client = parent.client;
  child->client_port = parent.client_port;
  child->query_size = parent.query_size;
  child->transport = parent.transport;
  child->message = {};
  child->can_wait = parent.can_wait;
  child->depth = parent.depth + 1;
  child->conductor = this;
  child->done = std::move(done);
  return child;
}

void QueryService::Send(std::unique_ptr<Journey> child) {
  const bool is_possible = child->chain != nullptr && child->depth <= kMaxDepth;
  const Next next = is_possible ? Walk(*child) : Next::kDone;
  if (next == Next::kLater) {
    child->is_waiting = true;
    waiting_.emplace(child.get(), std::move(child));
  } else {
    Finish(std::move(child), next);
  }
}

void QueryService::Ask(Exchange& exchange, const dns::Name& name, dns::RecordType type, plugins::AskFrom from,
                       Done done) {
  Journey& parent = static_cast<Journey&>(exchange);
  std::unique_ptr<Journey> child = MakeChild(parent, name.wire(), type, std::move(done));
  child->parent = &parent;
  if (from == plugins::AskFrom::kServer) {
    const ServedZone* served = FindZone(*child, nullptr);
    child->chain = served == nullptr ? nullptr : served->chain;
    child->entrance = served == nullptr ? nullptr : served->entrance;
    child->start = child->position = 0;
    if (served == nullptr) child->rcode = Rcode::kRefused;
  }
  Send(std::move(child));
}

void QueryService::AskAside(Exchange& exchange, Done done) {
  const Journey& journey = static_cast<Journey&>(exchange);
  Send(MakeChild(journey, journey.query->name.original(), journey.query->type, std::move(done)));
}

const ServedZone* QueryService::FindZone(Journey& journey, const net::Request* request) const {
  for (const ServedZone& served : zones_) {
    if (!journey.asked.name.LabelsAbove(served.zone.wire()).has_value()) continue;
    if (served.condition == nullptr) return &served;
    journey.entrance = served.entrance;
    if (served.condition->Holds(journey, request)) return &served;
  }
  return nullptr;
}

size_t QueryService::Encode(Exchange& exchange, absl::Span<uint8_t> buffer) {
  const resolve::Answer& answer = exchange.answer;
  std::optional<ExtendedError> reason;
  if (!answer.reason.empty()) reason = ExtendedError{answer.reason.info_code(), answer.reason.text()};
  const size_t size = encoder_.Encode(exchange.asked,
                                      {.rcode = exchange.rcode,
                                       .authoritative = exchange.authoritative,
                                       .recursion_available = exchange.recursion_available,
                                       .authentic_data = exchange.authentic_data,
                                       .truncated = exchange.truncated,
                                       .answer = answer.answer,
                                       .authority = answer.authority,
                                       .additional = answer.additional,
                                       .nsid = exchange.nsid,
                                       .extended_error = reason,
                                       .is_encrypted = exchange.transport == net::Transport::kTls},
                                      exchange.reply_limit, buffer);
  exchange.reply_flags = static_cast<uint16_t>(buffer[2] << 8 | buffer[3]);
  return size;
}

// A refusal has a code without a text: "Not Supported", "Not Authoritative" say it, and what anyone may ask for in
// anyone's name should not be longer than the question.
Verdict QueryService::Refuse(Rcode rcode, std::optional<uint16_t> info_code, absl::Span<uint8_t> buffer,
                             size_t& reply_size) {
  Exchange& exchange = *at_hand_;
  std::optional<ExtendedError> reason;
  if (info_code) reason = ExtendedError{*info_code};
  const bool is_encrypted = exchange.transport == net::Transport::kTls;
  reply_size = encoder_.Encode(exchange.asked, {.rcode = rcode, .extended_error = reason, .is_encrypted = is_encrypted},
                               exchange.reply_limit, buffer);
  if (refused_ != nullptr && rcode == Rcode::kRefused) {  // CoreDNS counts these, and none that it cannot read
    exchange.rcode = rcode;
    refused_->Count(exchange, reply_size);
    refused_->CountDuration(std::chrono::nanoseconds(0));
  }
  return Verdict::kReply;
}

}  // namespace podnamed::service
