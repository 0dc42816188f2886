#include "server/plugins/autopath.h"

#include <algorithm>
#include <utility>

#include "server/plugins/child_reply.h"
#include "server/plugins/zones.h"

namespace podnamed::plugins {
namespace {

using dns::Rcode;
using resolve::Outcome;

constexpr std::string_view kSvcLabel("\3svc", 4);

// A reply that sends a stub resolver on to the next domain. Failures count where no server has replied with them: what
// the chain knows nothing of.
bool IsMiss(const Exchange& child) {
  if (child.rcode == Rcode::kNxDomain) return true;
  const bool is_failure = child.rcode == Rcode::kServFail || child.rcode == Rcode::kRefused ||
                          child.rcode == Rcode::kFormErr || child.rcode == Rcode::kNotImp;
  return is_failure && child.octets.empty() && child.answered_by != "cache";
}

// The reply is to another name than was asked for: an alias leads there.
void PutAlias(Exchange& exchange) {
  resolve::Answer& answer = exchange.answer;
  const std::string_view asked = exchange.query->name.original();
  if (answer.answer.empty()) return;
  const dns::RecordSet& first = answer.answer.front();
  if (dns::EqualIgnoringCase(first.owner.ToName().wire(), asked)) return;
  answer.names.assign({first.owner});
  const dns::RecordSet alias = {dns::NamePieces(asked), dns::RecordType::kCname, first.ttl,
                                absl::MakeConstSpan(answer.names)};
  answer.answer.insert(answer.answer.begin(), alias);
}

}  // namespace

Autopath::Autopath(const config::AutopathOptions& options, std::vector<base::Counter*> counters)
    : options_(options), counters_(std::move(counters)) {
  List list{.zone = options.search.front(), .rest = {options.search.begin() + 1, options.search.end()}};
  list.rest.emplace_back();
  lists_.push_back(std::move(list));
}

Autopath::Autopath(const config::AutopathOptions& options, const AutopathCluster& cluster,
                   std::vector<base::Counter*> counters)
    : options_(options),
      counters_(std::move(counters)),
      resolver_(&cluster.resolver),
      answers_first_(cluster.answers_first) {
  reader_.emplace(cluster.holder);
  for (const dns::Name& zone : cluster.zones) {
    List list{.zone = zone, .rest = {}};
    list.rest.push_back(dns::Name::FromWire(std::string(kSvcLabel).append(zone.wire())));
    list.rest.push_back(zone);
    list.rest.insert(list.rest.end(), options.search.begin(), options.search.end());
    list.rest.emplace_back();
    lists_.push_back(std::move(list));
  }
  std::stable_sort(lists_.begin(), lists_.end(),
                   [](const List& a, const List& b) { return a.zone.label_count() > b.zone.label_count(); });
}

Next Autopath::OnQuery(Exchange& exchange) {
  const dns::Query& query = *exchange.query;
  if (!exchange.can_wait || query.record_class != dns::RecordClass::kIn) return Next::kPass;
  if (!IsInZones(query.name, options_.zones)) return Next::kPass;
  size_t above = 0;
  const List* list = FindList(exchange, above);
  if (list == nullptr) return Next::kPass;
  const Walk walk = {query.name.label_start(above), list->rest};
  const Outcome first = answers_first_ ? OutcomeOf(exchange, query.name) : Outcome::kNotOurs;
  if (first == Outcome::kAnswer || first == Outcome::kNoData) {
    CountSuccess(exchange);
    return Next::kPass;
  }
  if (first == Outcome::kNxDomain) {
    TryNext(exchange, walk);
  } else {
    TryFirst(exchange, walk);
  }
  return Next::kLater;
}

const Autopath::List* Autopath::FindList(const Exchange& exchange, size_t& labels_above) {
  const dns::QueryName& name = exchange.query->name;
  for (const List& list : lists_) {
    const std::optional<size_t> above = name.LabelsAbove(list.zone.wire());
    if (!above) continue;
    if (resolver_ == nullptr) {
      labels_above = *above;
      return *above > 0 ? &list : nullptr;
    }
    // BASE.NS.svc.ZONE
    if (*above < 3 || name.label(*above - 1) != "svc") return nullptr;
    labels_above = *above - 2;
    return IsInNamespace(exchange.client, name.label(labels_above)) ? &list : nullptr;
  }
  return nullptr;
}

bool Autopath::IsInNamespace(const base::IpAddress& client, std::string_view namespace_name) {
  const state::Snapshot* snapshot = reader_->Current();
  if (snapshot == nullptr) return false;
  bool is_known = false;
  bool is_elsewhere = false;
  snapshot->ForEachPodWithAddress(client, [&](std::string_view pods_namespace, std::string_view) {
    is_known = true;
    is_elsewhere |= pods_namespace != namespace_name;
  });
  return is_known && !is_elsewhere;
}

void Autopath::TryFirst(Exchange& exchange, Walk walk) {
  exchange.Ask(dns::Name::FromWire(exchange.query->name.original()), exchange.query->type, AskFrom::kNextPlugin,
               [this, &exchange, walk](const Exchange& child) { OnChild(exchange, child, walk); });
}

// When every domain has been tried, the reply is that for the name as it was asked.
void Autopath::TryNext(Exchange& exchange, Walk walk) {
  const std::string_view base = exchange.query->name.original().substr(0, walk.base_length);
  while (!walk.rest.empty()) {
    const std::string_view domain = walk.rest.front().wire();
    walk.rest.remove_prefix(1);
    if (base.size() + domain.size() > dns::kMaxNameLength) continue;
    dns::NameStorage storage;
    char* const end = std::copy(domain.begin(), domain.end(), std::copy(base.begin(), base.end(), storage.data()));
    scratch_name_.Read({storage.data(), static_cast<size_t>(end - storage.data())});
    if (answers_first_ && OutcomeOf(exchange, scratch_name_) == Outcome::kNxDomain) continue;
    exchange.Ask(dns::Name::FromWire(scratch_name_.original()), exchange.query->type, AskFrom::kNextPlugin,
                 [this, &exchange, walk](const Exchange& child) { OnChild(exchange, child, walk); });
    return;
  }
  exchange.Resume(Next::kPass);
}

void Autopath::OnChild(Exchange& exchange, const Exchange& child, Walk walk) {
  if (child.error.empty() && IsMiss(child)) {
    TryNext(exchange, walk);
    return;
  }
  TakeReply(child, exchange);
  if (child.error.empty()) {
    PutAlias(exchange);
    CountSuccess(exchange);
  }
  exchange.Resume(Next::kDone);
}

Outcome Autopath::OutcomeOf(const Exchange& exchange, const dns::QueryName& name) {
  scratch_answer_.Clear();
  resolver_->Resolve({name, exchange.query->type, exchange.client}, reader_->Current(), /*stale_seconds=*/0, random_,
                     scratch_answer_);
  return scratch_answer_.outcome;
}

void Autopath::CountSuccess(const Exchange& exchange) const {
  if (!counters_.empty() && exchange.entrance != nullptr) counters_[exchange.entrance->index]->Add();
}

}  // namespace podnamed::plugins
