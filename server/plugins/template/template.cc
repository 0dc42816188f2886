#include "server/plugins/template/template.h"

#include <algorithm>

#include "server/plugins/query_counts.h"
#include "server/plugins/zones.h"

namespace podnamed::plugins {
namespace {

constexpr uint32_t kDefaultTtl = 3600;  // of records that name none, as CoreDNS reads them

// Where a query asks for any, what the template is for.
template <typename Kind>
std::string NameOf(Kind asked, Kind of_template) {
  return dns::NameOf(asked == Kind::kAny ? of_template : asked);
}

// A label of few values, whatever clients ask for.
std::string TypeLabel(dns::RecordType type) {
  const auto* known = std::find(std::begin(QueryCounts::kTypes), std::end(QueryCounts::kTypes), type);
  return known == std::end(QueryCounts::kTypes) ? "other" : dns::NameOf(type);
}

}  // namespace

Template::Template(const std::vector<config::TemplateOptions>& templates, const Metadata::Sources& metadata,
                   OpenCounter open_counter)
    : metadata_(metadata), open_counter_(std::move(open_counter)) {
  for (const config::TemplateOptions& options : templates) {
    Rule& rule = rules_.emplace_back(Rule{.options = &options,
                                          .zones = {},
                                          .expressions = {},
                                          .answer = RecordsOf(options.answer),
                                          .authority = RecordsOf(options.authority),
                                          .additional = RecordsOf(options.additional)});
    for (const dns::Name& zone : options.zones) rule.zones.push_back(zone.ToText());
    for (const std::string& pattern : options.matches) {
      Expression& added = rule.expressions.emplace_back();
      added.expression = std::make_unique<RE2>(pattern, RE2::Quiet);
      for (const auto& [group, name] : added.expression->CapturingGroupNames()) {
        added.group_names.emplace_back(name, static_cast<size_t>(group));
      }
    }
  }
}

std::vector<Template::Record> Template::RecordsOf(const std::vector<config::TemplateOptions::Record>& options) {
  std::vector<Record> records;
  for (const config::TemplateOptions::Record& record : options) {
    Record& added = records.emplace_back(Record{&record, std::nullopt});
    if (!record.tree->is_fixed()) continue;
    absl::StatusOr<dns::ParsedRecord> parsed = dns::ParseRecord(record.text, {.ttl = kDefaultTtl});
    if (parsed.ok()) added.fixed = *std::move(parsed);
  }
  return records;
}

Next Template::OnQuery(Exchange& exchange) {
  text_.clear();
  Match match;
  for (const Rule& rule : rules_) {
    switch (Find(rule, exchange, match)) {
      case Verdict::kNotForIt:
        continue;
      case Verdict::kNoMatch:
        if (IsInZones(exchange.query->name, rule.options->fallthrough)) continue;
        exchange.answered_by = "template";
        return Next::kDone;  // SERVFAIL, as CoreDNS
      case Verdict::kMatch:
        break;
    }
    Count("coredns_template_matches_total", exchange, match);
    exchange.answered_by = "template";
    if (rule.options->rcode == dns::Rcode::kServFail || !MakeReply(match, exchange)) return Next::kDone;
    return Resolve(exchange);
  }
  return Next::kPass;
}

Template::Verdict Template::Find(const Rule& rule, const Exchange& exchange, Match& match) {
  const dns::Query& query = *exchange.query;
  const config::TemplateOptions& options = *rule.options;
  const bool has_class = options.record_class == dns::RecordClass::kAny ||
                         query.record_class == dns::RecordClass::kAny || query.record_class == options.record_class;
  const bool has_type =
      options.type == dns::RecordType::kAny || query.type == dns::RecordType::kAny || query.type == options.type;
  if (!has_class || !has_type) return Verdict::kNotForIt;
  const dns::Name* zone = nullptr;
  for (const dns::Name& one : options.zones) {
    const bool is_longer = zone == nullptr || one.wire().size() > zone->wire().size();
    if (is_longer && query.name.LabelsAbove(one.wire())) zone = &one;
  }
  if (zone == nullptr) return Verdict::kNotForIt;
  if (text_.empty()) dns::AppendNameText(query.name.folded(), text_);
  match.rule = &rule;
  match.zone = static_cast<size_t>(zone - options.zones.data());
  match.expression = nullptr;
  if (rule.expressions.empty()) {
    match.groups.assign({text_});
    return Verdict::kMatch;
  }
  for (const Expression& one : rule.expressions) {
    std::vector<re2::StringPiece> groups(static_cast<size_t>(one.expression->NumberOfCapturingGroups()) + 1);
    if (!one.expression->Match(text_, 0, text_.size(), RE2::UNANCHORED, groups.data(),
                               static_cast<int>(groups.size()))) {
      continue;
    }
    match.expression = &one;
    match.groups.clear();
    for (const re2::StringPiece& group : groups) match.groups.emplace_back(group.data(), group.size());
    return Verdict::kMatch;
  }
  return Verdict::kNoMatch;
}

bool Template::MakeReply(const Match& match, Exchange& exchange) {
  const Rule& rule = *match.rule;
  exchange.records.Clear();
  resolve::Answer& answer = exchange.answer;
  if (!MakeRecords(rule.answer, "answer", match, exchange, answer.answer) ||
      !MakeRecords(rule.additional, "additional", match, exchange, answer.additional) ||
      !MakeRecords(rule.authority, "authority", match, exchange, answer.authority)) {
    answer.Clear();
    return false;
  }
  exchange.rcode = rule.options->rcode;
  exchange.authoritative = true;
  if (rule.options->extended_error) {
    answer.reason.set_info_code(*rule.options->extended_error);
    answer.reason.Append(std::string_view(rule.options->extended_error_text));
  }
  return true;
}

bool Template::MakeRecords(const std::vector<Record>& records, std::string_view section, const Match& match,
                           Exchange& exchange, std::vector<dns::RecordSet>& sets) {
  if (records.empty()) return true;
  const dns::Query& query = *exchange.query;
  const std::string record_class = NameOf(query.record_class, match.rule->options->record_class);
  const std::string type = NameOf(query.type, match.rule->options->type);
  const std::string remote = exchange.client.ToString();
  std::vector<std::pair<std::string_view, size_t>> group_names;
  if (match.expression != nullptr) {
    group_names.assign(match.expression->group_names.begin(), match.expression->group_names.end());
  }
  const auto meta = [&](std::string_view label) { return metadata_.Find(label, exchange); };
  const config::GoTemplate::Data data = {.zone = match.rule->zones[match.zone],
                                         .name = text_,
                                         .record_class = record_class,
                                         .type = type,
                                         .remote = remote,
                                         .type_number = static_cast<uint16_t>(query.type),
                                         .class_number = static_cast<uint16_t>(query.record_class),
                                         .match = match.groups,
                                         .group_names = group_names,
                                         .meta = meta};
  const auto fail = [&](std::string_view metric, const Record& record, absl::string_view why) {
    Count(metric, exchange, match, &record, section);
    exchange.error.assign("plugin/template: ").append(why.data(), why.size());
    return false;
  };
  for (const Record& record : records) {
    if (record.fixed) {
      exchange.records.Add(sets, *record.fixed);
      continue;
    }
    const absl::StatusOr<std::string> text = record.options->tree->Execute(data);
    if (!text.ok()) return fail("coredns_template_template_failures_total", record, text.status().message());
    const absl::StatusOr<dns::ParsedRecord> parsed = dns::ParseRecord(*text, {.ttl = kDefaultTtl});
    if (!parsed.ok()) return fail("coredns_template_rr_failures_total", record, parsed.status().message());
    exchange.records.Add(sets, *parsed);
  }
  return true;
}

Next Template::Resolve(Exchange& exchange) {
  const dns::RecordType type = exchange.query->type;
  if (!exchange.can_wait || (type != dns::RecordType::kA && type != dns::RecordType::kAaaa)) return Next::kDone;
  for (const dns::RecordSet& set : exchange.answer.answer) {
    if (set.type != dns::RecordType::kCname) continue;
    const std::string_view target = std::get<absl::Span<const dns::RawData>>(set.rdata)[0].octets;
    exchange.Ask(dns::Name::FromWire(target), type, AskFrom::kServer, [&exchange](const Exchange& child) {
      std::vector<dns::RecordSet>& answer = exchange.answer.answer;
      answer.insert(answer.end(), child.answer.answer.begin(), child.answer.answer.end());
      exchange.truncated = child.truncated;
      exchange.Resume(Next::kDone);
    });
    return Next::kLater;
  }
  return Next::kDone;
}

// The counter of a series is opened when it counts for the first time.
void Template::Count(std::string_view name, const Exchange& exchange, const Match& match, const Record* record,
                     std::string_view section) {
  if (!open_counter_ || exchange.entrance == nullptr) return;
  const dns::Query& query = *exchange.query;
  const std::string type = TypeLabel(query.type);
  const void* const of = record != nullptr ? static_cast<const void*>(record) : match.rule;
  base::Counter*& counter = counters_[{of, exchange.entrance, match.zone, query.record_class, type, name}];
  if (counter == nullptr) {
    std::vector<std::pair<std::string, std::string>> labels = {
        {"server", exchange.entrance->server},
        {"zone", match.rule->zones[match.zone]},
        {"view", exchange.entrance->view},
        {"class", NameOf(query.record_class, match.rule->options->record_class)},
        {"type", type}};
    if (record != nullptr) {
      labels.emplace_back("section", section);
      labels.emplace_back("template", record->options->text);
    }
    counter = &open_counter_(name, labels);
  }
  counter->Add();
}

}  // namespace podnamed::plugins
