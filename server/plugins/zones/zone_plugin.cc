#include "server/plugins/zones/zone_plugin.h"

#include <utility>

#include "server/plugins/zones.h"

namespace podnamed::plugins {

using dns::RecordType;

ZonePlugin::ZonePlugin(std::string_view name, std::vector<Source> sources) : name_(name), sources_(std::move(sources)) {
  OnIdle();
}

void ZonePlugin::OnIdle() {
  for (Source& source : sources_) source.current = source.zones->Current();
}

Next ZonePlugin::OnQuery(Exchange& exchange) {
  const dns::Query& query = *exchange.query;
  if (query.record_class != dns::RecordClass::kIn) return Next::kPass;
  const Found found = Find(query.name);
  if (found.source == nullptr) return Next::kPass;
  exchange.answered_by = name_;
  if (query.type == RecordType::kAxfr || query.type == RecordType::kIxfr) {
    // What `transfer` did not take.
    exchange.rcode = dns::Rcode::kRefused;
    return Next::kDone;
  }
  if (found.zone == nullptr) {
    exchange.error.assign("plugin/").append(name_).append(": the zone has not been read yet");
    return Next::kDone;
  }
  const zone::ZoneReply reply = Answer(*found.zone, exchange);
  if (!reply.has_records && IsInZones(query.name, found.source->fallthrough)) {
    exchange.answer.Clear();
    exchange.rcode = dns::Rcode::kServFail;
    exchange.authoritative = false;
    exchange.answered_by = {};
    return Next::kPass;
  }
  if (reply.outside.empty() || !exchange.can_wait) return Next::kDone;
  exchange.Ask(dns::Name::FromWire(reply.outside), query.type, AskFrom::kServer,
               [this, &exchange](const Exchange& child) {
                 Complete(exchange, child);
                 exchange.Resume(Next::kDone);
               });
  // While it waits the zone may go.
  if (!exchange.resumed) exchange.answer.Clear();
  return Next::kLater;
}

ZonePlugin::Found ZonePlugin::Find(const dns::QueryName& name) const {
  Found found;
  size_t longest = 0;
  for (const Source& source : sources_) {
    const ZoneSet::Match match = source.current->Find(name);
    if (match.origin.size() > longest) {
      longest = match.origin.size();
      found = {&source, match.zone};
    }
  }
  return found;
}

zone::ZoneReply ZonePlugin::Answer(const zone::Zone& zone, Exchange& exchange) const {
  const dns::Query& query = *exchange.query;
  const bool dnssec_ok = query.edns.has_value() && query.edns->dnssec_ok;
  const zone::ZoneReply reply = zone::Lookup(zone, {query.name, query.type, dnssec_ok}, exchange.answer);
  exchange.rcode = reply.rcode;
  exchange.authoritative = reply.authoritative;
  return reply;
}

// The answer is made once more: the first one pointed into a zone that another one may have replaced since.
void ZonePlugin::Complete(Exchange& exchange, const Exchange& child) const {
  exchange.answer.Clear();
  const zone::Zone* zone = Find(exchange.query->name).zone;
  if (zone == nullptr) {
    exchange.rcode = dns::Rcode::kServFail;
    return;
  }
  const zone::ZoneReply reply = Answer(*zone, exchange);
  if (!dns::EqualIgnoringCase(reply.outside, child.asked.name.original())) return;
  // Nobody here knows the name: its client's name server will ask elsewhere.
  if (child.answered_by.empty()) return;
  const std::vector<dns::RecordSet>& target = child.answer.answer;
  exchange.answer.answer.insert(exchange.answer.answer.end(), target.begin(), target.end());
  exchange.truncated |= child.truncated;
  // RFC 6604 section 3.
  if (child.rcode == dns::Rcode::kNxDomain || child.rcode == dns::Rcode::kServFail) exchange.rcode = child.rcode;
}

}  // namespace podnamed::plugins
